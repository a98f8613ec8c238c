/** The prompt of a run. If the run continues an earlier one, the tokens of the earlier thinking follow the prompt. */
import type { Prompt, Session } from '../engine/engine.ts';
import type { Earlier, Part, Question } from '../prompt/question.ts';

export type Resumed = {
  readonly prompt: Prompt;
  /** thinking tokens of the earlier run that the prompt contains */
  readonly reusedTokens: number;
  readonly warnings: readonly string[];
};

type Asked = {
  readonly session: Session;
  readonly question: Question;
  readonly room: number;
  readonly signal: AbortSignal;
};

const OTHER_SERVER =
  'the server has changed since the earlier run, so the text of its thinking was tokenized again: token counts may differ';

const AS_TEXT = 'this server cannot continue a thought: the model reads the earlier thinking as text';

export async function promptFor(asked: Asked): Promise<Resumed> {
  const { session, question, room, signal } = asked;
  if (question.earlier !== undefined) return resume(asked, question.earlier);
  const thinking = question.thinkingBudget.tokens > 0;
  return { prompt: await session.render(question, { thinking, room, signal }), reusedTokens: 0, warnings: [] };
}

/** With a budget of 0, the earlier thinking is closed, and the answer follows at once. */
async function resume({ session, question, room, signal }: Asked, earlier: Earlier): Promise<Resumed> {
  const budget = question.thinkingBudget.tokens;
  const { facts } = session;
  // the thinking is open where the earlier tokens follow, even if they are closed at once
  const prompt = await session.render(question, { thinking: true, room, signal });
  const ids = earlier.server === facts.server ? earlier.ids : undefined;
  const marker = prompt.thinking === 'open' ? '' : facts.family.startMarker;
  const kept = { ids, text: marker + earlier.text, reasoning: earlier.text, open: budget === 0 };
  const { beginning, restartsAnswer } = await session.extend(prompt.beginning, kept, { signal });
  if (restartsAnswer) {
    const asText = { ...question, user: [...question.user, ...notes(earlier.text)] };
    const thinking = budget > 0;
    return { prompt: await session.render(asText, { thinking, room, signal }), reusedTokens: 0, warnings: [AS_TEXT] };
  }
  return {
    prompt: {
      ...prompt,
      beginning,
      thinking: budget === 0 ? 'closed' : 'open',
      opened: prompt.opened + beginning.promptTokens - prompt.beginning.promptTokens,
    },
    reusedTokens: earlier.tokens,
    warnings: ids === undefined && earlier.server !== facts.server ? [OTHER_SERVER] : [],
  };
}

function notes(text: string): Part[] {
  return [
    { from: 'ours', text: '\n\nYour reasoning so far:\n' },
    { from: 'theirs', text, name: 'the earlier reasoning' },
    { from: 'ours', text: '\n\nGo on from there.' },
  ];
}
