/** What the MCP prompts of this server ask for. A row each. */

type Field = { readonly about: string; readonly optional?: boolean };

export type Prompt = {
  /** clients show it behind a slash */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly fields: Readonly<Record<string, Field>>;
  readonly text: (values: Readonly<Record<string, string | undefined>>) => string;
};

export const PROMPTS: readonly Prompt[] = [
  {
    name: 'think_hard',
    title: 'Think hard about this',
    description: 'Hands a problem to the reasoning model with a budget of 2048 thinking tokens',
    fields: { problem: { about: 'The problem, with everything that is needed to solve it' } },
    text: ({ problem = '' }) =>
      `Call the tool reason with thinking_budget 2048 and this question. Show its answer, then say in one line how many thinking tokens it took and how the thinking ended.\n\n${problem}`,
  },
  {
    name: 'second_opinion',
    title: 'Second opinion',
    description: 'Checks an answer or a plan with the reasoning model',
    fields: {
      question: { about: 'The question or the task' },
      answer: { about: 'The answer to check (default: your last one)', optional: true },
    },
    text: ({ question = '', answer }) =>
      `Call the tool reason with complexity "complex". Its question: is the answer right, and what is missing or wrong in it? Its context: the question and the answer below. Then say where you and the reasoning model agree, where you differ, and which answer you now give.\n\nQuestion: ${question}\n\nAnswer: ${answer ?? '(the last answer that you gave in this conversation)'}`,
  },
  {
    name: 'classify_and_route',
    title: 'Classify and route',
    description: 'Classifies records and says where each goes, with 128 thinking tokens for each',
    fields: {
      records: { about: 'The records, one in each line' },
      categories: {
        about: 'The categories and what belongs into each (default: found from the records)',
        optional: true,
      },
    },
    text: ({ records = '', categories }) =>
      `Call the tool analyze_batch with thinking_budget 128, one item for each line below, and an instruction that asks for exactly one category and one short reason. ${
        categories === undefined
          ? 'First choose three to six categories that fit the records.'
          : `The categories: ${categories}`
      } Then show a table: record, category, reason. Name the records whose category is doubtful.\n\n${records}`,
  },
  {
    name: 'deep_batch_analysis',
    title: 'Deep batch analysis',
    description: 'Analyses each document with 1024 thinking tokens, then all of them together',
    fields: {
      documents: { about: 'The documents or data sets, or where they are in this conversation' },
      question: { about: 'What to find out (default: what matters, what is unusual, what to do)', optional: true },
    },
    text: ({ documents = '', question = 'what matters in it, what is unusual, and what to do' }) =>
      `Call the tool analyze_batch with thinking_budget 1024, one item for each document below, and this instruction: find out ${question}. Then call the tool execute_step with complexity "critical"; its task: combine these findings into the few that matter most, with the documents that support each; its context: the answers. Show that result.\n\n${documents}`,
  },
];
