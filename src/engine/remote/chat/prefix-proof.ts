/** Tests whether a server keeps reasoning at the beginning of the assistant's turn, so that a cut can continue there. */
import { EngineHttpError } from '../../../errors.ts';
import { limit } from '../../../wait.ts';
import type { Limits, Usage } from '../../engine.ts';
import { CONTINUED, toChatBody, type ChatPartner, type Messages } from './chat-body.ts';
import type { RemoteClient } from '../http/client.ts';
import { chatChunk, toUsage } from '../http/wire.ts';

/** For each request of the proof. */
const PROOF_MS = 10_000;

/** Each word is at least one token. */
const WORDS = Array.from({ length: 32 }, (_, word) => word + 100);

/**
 * Compares the prompt tokens of requests with and without reasoning, because templates may drop reasoning and servers ignore
 * unknown fields. Sends two or three prompts of a few words, but none if requests are rate-limited.
 * @throws {ThinkmeterError} when the server's responses do not decide the question
 */
export async function keepsPrefix(partner: ChatPartner, client: RemoteClient): Promise<boolean> {
  const { family, dialect } = partner;
  const { assistantPrefix: way } = family;
  if (way === undefined || dialect.chat.assistantPrefix?.includes(way) !== true || client.isRateLimited) return false;
  const question = { system: [], user: [{ from: 'ours', text: 'x' }] } as const;
  const messages: Messages = { question, thinking: true };
  const withReasoning: Messages = { ...messages, reasoning: WORDS.join(' ') };
  const limits: Limits = { maxTokens: 1, sampling: {} };
  const prefixed = toChatBody(partner, withReasoning, limits, true);
  try {
    const [plain, kept, withoutRequest] = await Promise.all([
      promptTokens(client, toChatBody(partner, messages, limits, false)),
      promptTokens(client, prefixed),
      way === 'explicit' ? promptTokens(client, without(prefixed, CONTINUED)) : undefined,
    ]);
    return plain !== undefined && kept !== undefined && kept !== withoutRequest && kept - plain >= WORDS.length;
  } catch (error) {
    if (error instanceof EngineHttpError && error.status < 429) return false;
    throw error;
  }
}

function without(body: object, fields: object): object {
  return Object.fromEntries(Object.entries(body).filter(([name]) => !Object.hasOwn(fields, name)));
}

async function promptTokens(client: RemoteClient, body: object): Promise<number | undefined> {
  let usage: Usage | undefined;
  // all runs share this proof, so no single caller's signal may end it
  const { signal, release } = limit(undefined, PROOF_MS);
  try {
    for await (const chunk of client.stream('/v1/chat/completions', chatChunk, body, signal)) {
      usage = toUsage(chunk.usage) ?? usage;
    }
    return usage?.promptTokens;
  } finally {
    release();
  }
}
