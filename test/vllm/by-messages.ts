/** A real server behind a gateway that lets messages through and nothing else. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, type Connection } from '../support/connect.ts';
import { startRecordingProxy, type RecordingProxy } from '../support/recording-proxy.ts';
import { runResult } from '../support/results.ts';
import { LONG, SHORT } from './problems.ts';

const CHAT = '/v1/chat/completions';
export const BY_IDS = ['/tokenize', '/detokenize', '/v1/completions', '/completion'];

export type ByMessages = {
  readonly url: string;
  readonly apiKey?: string | undefined;
  readonly env?: Readonly<Record<string, string>>;
  /** a cut goes on in the assistant's own turn; else it is quoted */
  readonly keepsPrefix: boolean;
};

export function describeByMessages(name: string, server: () => ByMessages): void {
  describe(`${name}, by messages only`, () => {
    let proxy: RecordingProxy;
    let client: Connection;

    beforeAll(async () => {
      const { url, apiKey, env } = server();
      proxy = await startRecordingProxy(url, BY_IDS);
      const key = apiKey === undefined ? {} : { THINKMETER_API_KEY: apiKey };
      client = await connect({
        env: { THINKMETER_BASE_URL: proxy.url, THINKMETER_MECHANISM: 'two_call', ...key, ...env },
      });
    });
    afterAll(async () => {
      await client?.close();
      await proxy?.close();
    });

    test.each([1, 10, 64])('a budget of %i holds, and the answer goes on from the thought', async (thinking_budget) => {
      const args = { question: LONG.question, thinking_budget, include_reasoning: true };
      const run = runResult(await client.call('reason', args), { reasoning: true });
      expect(run.thinking).toMatchObject({ mechanism: 'two_call', ended_by: 'budget', honored: true });
      expect(run.usage.requests).toBe(2);
      const { body } = proxy.requests.filter(({ path }) => path === CHAT).at(-1) ?? { body: {} };
      const messages = Reflect.get(body, 'messages') as readonly { readonly role: string; readonly content: string }[];
      expect(messages.at(-1)?.role).toBe(server().keepsPrefix ? 'assistant' : 'user');
      expect(messages.at(-1)?.content).toContain(run.reasoning?.trim());
    });

    test('a thought that closes by itself is answered rightly, in one request', async () => {
      const run = runResult(await client.call('reason', { question: SHORT.question, thinking_budget: 512 }));
      expect(run).toMatchObject({ answer: `The answer is ${SHORT.answer}.`, usage: { requests: 1 } });
      expect(run.thinking).toMatchObject({ ended_by: 'model', honored: true });
    });

    test('a budget of 0 switches thinking off', async () => {
      const run = runResult(await client.call('reason', { question: SHORT.question, thinking_budget: 0 }));
      expect(run.thinking).toMatchObject({ tokens: 0, ended_by: 'off', mechanism: 'off', honored: true });
      expect(run.usage.requests).toBe(1);
    });
  });
}
