/** Margins, compared with what the server says when it is asked in another way. */
import { expect, onTestFinished, test } from 'vitest';
import * as z from 'zod';
import { systemClock } from '../../src/clock.ts';
import { createRemoteEngine } from '../../src/engine/remote/engine.ts';
import { cut, generateFrom, greedily, idsFor, read } from '../engine/reading.ts';
import { remoteRunner, toQuestion } from '../support/remote-runner.ts';
import { LONG } from './problems.ts';
import type { VllmServer } from './server.ts';
import { say } from './waits.ts';

const answer = z.object({
  choices: z.tuple([z.object({ logprobs: z.object({ top_logprobs: z.array(z.record(z.string(), z.number())) }) })]),
});

export function describeMargins(name: string, server: () => Pick<VllmServer, 'url' | 'apiKey'>): void {
  test('margins are what the most likely tokens show, where the end marker is among them', async () => {
    const { url, apiKey } = server();
    const engine = createRemoteEngine({ baseUrl: url, ...(apiKey !== undefined && { apiKey }) });
    onTestFinished(() => engine.close());
    const prompt = await idsFor(engine, LONG.question);
    const { pieces, ids } = await read(generateFrom(engine, prompt, { ...greedily(300), margins: true }));
    const margins = pieces.flatMap((piece) => piece.margins ?? []);
    expect(margins).toHaveLength(ids.length);

    const likely = { logprobs: 20, return_tokens_as_token_ids: true };
    const response = await fetch(`${url}/v1/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${apiKey ?? ''}` },
      body: JSON.stringify({ prompt, max_tokens: ids.length, temperature: 0, ...likely }),
    });
    const tops = answer.parse(await response.json()).choices[0].logprobs.top_logprobs;
    const { ids: closed, closerTokens } = await cut(engine, prompt, { ids: [1], text: 'so it is.\n' });
    const end = `token_id:${closed.at(-closerTokens)}`;
    const seen = tops.flatMap((top, index) => {
      const [generated, closing] = [top[`token_id:${ids[index]}`], top[end]];
      return generated === undefined || closing === undefined ? [] : [{ index, margin: generated - closing }];
    });
    expect(seen.length).toBeGreaterThan(2);
    for (const { index, margin } of seen) expect(margins[index]).toBeCloseTo(margin, 2);
    say(name, `margins of ${ids.length} tokens; ${seen.length} had the end marker among the top 20`);
  });

  test('thinking ends at the first line end where the end marker is near enough', async () => {
    const { url, apiKey } = server();
    const { runner } = remoteRunner(url, { mechanism: 'stream', ...(apiKey !== undefined && { apiKey }) });
    const asked = { ...toQuestion({ text: LONG.question, budget: 1000 }), earlyStop: { threshold: 1000 } };
    const outcome = await runner.run(asked, { signal: new AbortController().signal, startedAt: systemClock.now() });
    expect(outcome).toMatchObject({ thinkingEndedBy: 'sure', requests: 2, honored: true });
    expect(outcome.reasoning).toMatch(/^[^\n]+\n$/);
    expect(outcome.answer).not.toBe('');
    say(name, `sure after ${outcome.counts.thinking} tokens: ${outcome.answer}`);
  });
}
