/** Generates from messages over chat completions, for servers that accept no token ids. */
import { atMost, untilAborted } from '../../../wait.ts';
import { ConnectionLostError, type Limits, type Piece, type Usage } from '../../engine.ts';
import { Echo, MarkedText, type Segment } from './channels.ts';
import type { RemoteClient } from '../http/client.ts';
import { toChatBody, type ChatPartner, type Messages } from './chat-body.ts';
import { countedTokens, type Count } from '../http/counted.ts';
import { toOverflow } from '../http/overflow.ts';
import { keepsPrefix } from './prefix-proof.ts';
import { chatChunk, toFinishReason, toUsage } from '../http/wire.ts';

/** Properties of a server that only its responses show. */
export type LearntOfChat = {
  /** the server returns reasoning separately from the content */
  splits: boolean;
  /** the server keeps reasoning at the beginning of the assistant's turn */
  keepsPrefix?: Promise<boolean>;
  failedProofs?: number;
};

export type Chat = ChatPartner & {
  readonly client: RemoteClient;
  readonly count?: Count;
  readonly learnt: LearntOfChat;
  /** called when the server has ended its turn */
  readonly onAnswer?: () => void;
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
  try {
    for await (const chunk of client.stream('/v1/chat/completions', chatChunk, body, signal)) {
      usage = toUsage(chunk.usage) ?? usage;
      const choice = chunk.choices?.[0];
      if (choice === undefined) continue;
      const { content, reasoning, reasoning_content: older } = choice.delta ?? {};
      const [thinkingText, contentText] = [reasoning ?? older ?? '', echo.push(content ?? '')];
      const total = dialect.usageWithEveryChunk === true ? (chunk.usage?.completion_tokens ?? 0) : 0;
      // a chunk may contain text although its usage has not grown
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
      // a reader whose time is over uses the buffered text as it is
      if (buffered !== '') yield { ids: [], text: '', buffered: { text: buffered, tokens: silent, by } };
    }
  } catch (error) {
    // the generation had finished: only its usage may be missing
    if (finish === undefined || !(error instanceof ConnectionLostError)) throw toOverflow(error);
  }
  if (finish === undefined) return;
  task.onAnswer?.();
  // tokens without text at the end belong to the buffered text, or else to the end-of-turn token
  const rest = [...marked.push('', echo.end()), ...marked.end(finish.unified === 'stop')];
  yield* toPieces(rest, { silent: 0, counted: { tokens: silent, by } });
  const ending = rest.length === 0 ? silent : 0;
  yield { ids: [], text: '', counted: { tokens: ending, by }, finish, ...(usage && { usage }) };
}

/** A run waits no longer for the proof, because it can quote the reasoning instead. */
const PATIENCE_MS = 1000;

/** A server that fails the proof so often is treated as one that does not keep the reasoning. */
const MOST_PROOFS = 3;

/** The proof runs next to the first request and is shared by all requests. If the proof fails, the next request repeats it. */
function keepsReasoning(task: Chat): Promise<boolean> {
  const { learnt, client } = task;
  learnt.keepsPrefix ??= keepsPrefix(task, client).catch(() => {
    learnt.failedProofs = (learnt.failedProofs ?? 0) + 1;
    if (learnt.failedProofs < MOST_PROOFS) delete learnt.keepsPrefix;
    return false;
  });
  return learnt.keepsPrefix;
}

function withinPatience(kept: Promise<boolean>, signal: AbortSignal): Promise<boolean> {
  return atMost(untilAborted(kept, signal), PATIENCE_MS, false);
}

/**
 * Assigns a chunk's tokens to its first text. Earlier tokens without text go to the first segment: if this is a marker, a
 * parser removed the marker's own tokens from the stream.
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
