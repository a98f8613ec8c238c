/** Goes on from a question as messages, for servers that take no token ids. */
import { atMost, untilAborted } from '../../../wait.ts';
import type { Limits, Piece, Usage } from '../../engine.ts';
import { Echo, MarkedText, type Segment } from './channels.ts';
import type { RemoteClient } from '../http/client.ts';
import { toChatBody, type ChatPartner, type Messages } from './chat-body.ts';
import { countedTokens, type Count } from '../http/counted.ts';
import { keepsPrefix } from './prefix-proof.ts';
import { chatChunk, toFinishReason, toUsage } from '../http/wire.ts';

/** What is found out of a server while it is talked to. */
export type LearntOfChat = {
  /** it hands thinking over apart */
  splits: boolean;
  /** it keeps reasoning that begins the assistant's turn */
  keepsPrefix?: Promise<boolean>;
};

export type Chat = ChatPartner & {
  readonly client: RemoteClient;
  readonly count?: Count;
  readonly learnt: LearntOfChat;
  readonly signal: AbortSignal;
};

export async function* chat(task: Chat, messages: Messages, limits: Limits): AsyncGenerator<Piece> {
  const { client, family, dialect, learnt, signal } = task;
  if (messages.thinking) void keepsReasoning(task);
  const asPrefix = messages.reasoning !== undefined && (await withinPatience(keepsReasoning(task), signal));
  const behind = asPrefix ? 'closed' : 'off';
  const marked = new MarkedText(family, messages.thinking ? 'on' : behind, learnt);
  const body = toChatBody(task, messages, limits, asPrefix);
  const echo = new Echo(asPrefix ? (body.messages.at(-1)?.content ?? '') : '');
  let countedSoFar = 0;
  let silent = 0;
  let by: NonNullable<Piece['counted']>['by'] = 'estimate';
  let usage: Usage | undefined;
  let finish: Piece['finish'];
  for await (const chunk of client.stream('/v1/chat/completions', chatChunk, body, signal)) {
    usage = toUsage(chunk.usage) ?? usage;
    const choice = chunk.choices?.[0];
    if (choice === undefined) continue;
    const { content, reasoning, reasoning_content: older } = choice.delta ?? {};
    const [thinkingText, contentText] = [reasoning ?? older ?? '', echo.push(content ?? '')];
    const total = dialect.usageWithEveryChunk === true ? (chunk.usage?.completion_tokens ?? 0) : 0;
    // a chunk that adds nothing to the usage may still have text
    const counted = countedTokens(
      thinkingText + contentText,
      total > countedSoFar ? total - countedSoFar : undefined,
      task.count,
    );
    countedSoFar += counted.tokens;
    if (counted.tokens > 0) by = counted.by;
    if (choice.finish_reason) finish = toFinishReason(choice.finish_reason);
    const segments = marked.push(thinkingText, contentText);
    if (segments.length === 0) silent += counted.tokens;
    else yield* toPieces(segments, { silent, counted });
    if (segments.length > 0) silent = 0;
    const { buffered } = marked;
    // a reader that runs out of time takes it as it is
    if (buffered !== '') yield { ids: [], text: '', buffered: { text: buffered, tokens: silent, by } };
  }
  if (finish === undefined) return;
  // what came without text at last was buffered, or has ended the turn
  const rest = [...marked.push('', echo.end()), ...marked.end(finish.unified === 'stop')];
  yield* toPieces(rest, { silent: 0, counted: { tokens: silent, by } });
  const ending = rest.length === 0 ? silent : 0;
  yield { ids: [], text: '', counted: { tokens: ending, by }, finish, ...(usage && { usage }) };
}

/** Nobody waits longer for the proof: a thought can be quoted as well. */
const PATIENCE_MS = 1000;

/** Found out beside the first request, on behalf of all; what told nothing is asked again. */
function keepsReasoning(task: Chat): Promise<boolean> {
  const { learnt, client } = task;
  learnt.keepsPrefix ??= keepsPrefix(task, client).catch(() => {
    delete learnt.keepsPrefix;
    return false;
  });
  return learnt.keepsPrefix;
}

function withinPatience(kept: Promise<boolean>, signal: AbortSignal): Promise<boolean> {
  return atMost(untilAborted(kept, signal), PATIENCE_MS, false);
}

/**
 * A chunk's tokens are those of its first text. Tokens that came without any text before it belong to the marker, where one
 * comes now: a parser swallowed it.
 */
function* toPieces(
  segments: readonly Segment[],
  { silent, counted }: { readonly silent: number; readonly counted: NonNullable<Piece['counted']> },
): Generator<Piece> {
  let before = silent;
  let { tokens } = counted;
  for (const { text, isMarker } of segments) {
    const own = isMarker ? before : before + tokens;
    before = 0;
    if (!isMarker) tokens = 0;
    yield { ids: [], text, counted: { tokens: own, by: counted.by } };
  }
}
