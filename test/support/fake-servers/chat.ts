/** `POST /v1/chat/completions`, streamed. */
import * as z from 'zod';
import { newEnvelope, head } from '../fake-vllm/answer-format.ts';
import { renderChat } from '../fake-vllm/chat-prompt.ts';
import { isOpen } from './budget.ts';
import { openEvents } from './events.ts';
import type { Host, Recording } from './host.ts';
import { checked, generationFields, type Answering } from './request.ts';
import { refuse } from './refusals.ts';
import { createSplitter, type Split } from './splitter.ts';
import { usageFormat, type UsageFormat } from './usage.ts';
import { write, type Step } from './writing.ts';

const chatBody = z.looseObject({
  ...generationFields,
  messages: z.array(z.looseObject({ role: z.string(), content: z.string() })).min(1),
  chat_template_kwargs: z.record(z.string(), z.unknown()).nullish(),
});

type ChatBody = z.infer<typeof chatBody>;

/** A service says so from time to time while nothing else is to be said. */
const COMMENT_EVERY = 8;

export async function answerChat({ response, ...making }: Answering): Promise<void> {
  const { host, record } = making;
  const { dialect, model, options } = host;
  const { chat } = dialect;
  const asked = checked(host, record.body, chatBody);
  const refused = chat.refuses?.(asked);
  if (refused !== undefined) refuse(refused);
  const promptIds = readable(host, promptOf(host, asked));
  host.memory.isLoaded = true;
  const steps = write(making, {
    promptIds,
    maxTokens: asked.max_tokens ?? 1024,
    budget: budgetOf(host, asked),
    skipSpecialTokens: chat.thinking === undefined,
  });
  const usage = usageFormat(chat, asked.stream_options, promptIds.length);
  const answer = chunks(host, record, usage);
  const events = openEvents(response, dialect.headers ?? {});
  if (chat.comment !== undefined) events.comment(chat.comment);
  events.json(answer.opening());
  const given = asked.messages.at(-1);
  if (chat.echoes === true && given?.role === 'assistant') {
    events.json(answer.of({ thought: '', said: given.content }, undefined));
  }
  const believed = chat.believesArguments === true ? !argumentsSayOff(asked) : isOpen(model, promptIds);
  const split = createSplitter(chat.thinking !== undefined && believed);
  let text = '';
  let waiting = 0;
  for await (const step of steps) {
    text += step.text;
    waiting += 1;
    if (waiting < (options.tokensPerChunk ?? 1) && step.finish === undefined) continue;
    const chunk = answer.of(split(text, step.finish !== undefined), step.finish);
    if (chunk !== undefined) events.json(chunk);
    if (chat.comment !== undefined && record.generated.length % COMMENT_EVERY === 0) events.comment(chat.comment);
    text = '';
    waiting = 0;
  }
  if (usage.behind) events.json(answer.behind());
  events.end(chat.doneLine ? '[DONE]' : undefined);
}

/** What the model sees of a prompt. */
function readable({ options, window }: Host, promptIds: readonly number[]): readonly number[] {
  const isTooLong = options.dropsLongPrompts === true && promptIds.length > window;
  return isTooLong ? promptIds.slice(-(window / 2 + 2)) : promptIds;
}

function promptOf({ dialect: { chat }, model }: Host, asked: ChatBody): number[] {
  const off = chat.isOff?.(asked) === true;
  const templateArguments = {
    ...(chat.templateArguments === true ? asked.chat_template_kwargs : {}),
    ...(off && { enable_thinking: false }),
  };
  const rendered = renderChat(
    { ...asked, chat_template_kwargs: templateArguments, continue_final_message: false, add_special_tokens: false },
    model,
  );
  // its own switch holds for templates without an argument as well
  const text = off ? rendered.replace(/<think>\n$/, '<think></think>') : rendered;
  return model.encode(text, { specialTokens: false });
}

function argumentsSayOff({ chat_template_kwargs: given }: ChatBody): boolean {
  return given?.['enable_thinking'] === false;
}

function budgetOf({ dialect: { budget }, model, options }: Host, asked: ChatBody): number | undefined {
  const value = budget?.of(asked);
  if (value === undefined || value === null) return undefined;
  if (budget?.refusedBy === model.name && options.ignoresBudget !== true) {
    refuse(`${asked.model} has no thinking budget`);
  }
  if (budget?.ignoredBy === model.name) return undefined;
  // -1 is unlimited, and what is no number is passed over
  return typeof value === 'number' && value >= 0 ? value : undefined;
}

/** The chunks of one answer. */
function chunks({ dialect: { chat }, name }: Host, record: Recording, usage: UsageFormat) {
  const envelope = newEnvelope('chatcmpl', chat.answersAs?.(name) ?? name);
  const chunk = (choices: readonly object[], more: object): object => ({
    ...head(envelope, 'chat.completion.chunk'),
    choices,
    ...more,
  });
  return {
    opening: (): object => chunk([choice({ role: 'assistant', content: '' })], usage.inChunk(record, false)),
    of: ({ thought, said }: Split, finish: Step['finish']): object | undefined => {
      // nothing to say is said only where the count goes with it
      if (thought === '' && said === '' && finish === undefined && !usage.continuous) return undefined;
      const delta = {
        ...(thought !== '' && { [chat.thinking ?? 'content']: thought }),
        ...(said !== '' && { content: said }),
      };
      return chunk([choice(delta, finish)], usage.inChunk(record, finish !== undefined));
    },
    behind: (): object =>
      chunk(chat.usage === 'chunk with a choice' ? [choice({ content: '' })] : [], { usage: usage.of(record) }),
  };
}

function choice(delta: object, finish?: Step['finish']): object {
  return { index: 0, delta, finish_reason: finish ?? null };
}
