/** The two programs that `bench:stream` compares. Each reads one stream to its end. */
import { compose } from '../../src/compose.ts';
import { loadConfig } from '../../src/config/load.ts';
import { createLog } from '../../src/log.ts';
import { ANSWER } from './model-text.ts';

export type Reading = {
  readonly tokens: number;
  /** socket reads that `fetch` handed over; only bare counts them */
  readonly reads?: number;
  readonly bytes?: number;
};

export type StreamProgram = { read(): Promise<Reading>; close(): Promise<void> };

/** The request that thinkmeter sends. */
export type StreamRequest = { readonly path: string; readonly body: Readonly<Record<string, unknown>> };

/** More than any stream here, so that nothing is cut. */
const BUDGET = 32_768;

/** A deadline is set, as in every MCP call, and is never reached. */
const MAX_SECONDS = 600;

/** Thinkmeter itself: the whole of `runner.run`. */
export function ours(url: string): StreamProgram {
  const settings = loadConfig({ baseUrl: url, logLevel: 'silent', state: ':memory:' }, {});
  // only the embedded engine looks at these
  const installation = { worker: new URL('file:///dev/null'), demoModel: '', stateFolder: '' };
  const { runner, engine } = compose(settings, installation, createLog('silent'));
  return {
    async read() {
      const question = {
        system: [{ from: 'ours', text: 'You are a careful reasoner.' }],
        user: [{ from: 'theirs', text: '2^10 + 3^5 - 4^3 = ?' }],
        thinkingBudget: { tokens: BUDGET, given: true },
        answerTokens: { tokens: 64, given: true },
        maxSeconds: MAX_SECONDS,
      } as const;
      const { signal } = new AbortController();
      const {
        counts,
        answer,
        thinkingEndedBy: endedBy,
      } = await runner.run(question, { signal, startedAt: performance.now() });
      if (endedBy !== 'model' || answer.trim() !== ANSWER) {
        throw new Error(`the stream was not read to its end: ${endedBy}, ${answer}`);
      }
      return { tokens: counts.thinking };
    },
    close: () => engine.close(),
  };
}

type Chunk = { readonly choices: readonly { readonly token_ids?: readonly number[] | null }[] };

/** The least that a client can do: global `fetch`, a split at blank lines, `JSON.parse`. */
export function bare(url: string, { path, body }: StreamRequest): StreamProgram {
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  return {
    async read() {
      const response = await fetch(`${url}${path}`, init);
      const decoder = new TextDecoder();
      let rest = '';
      let [tokens, reads, bytes] = [0, 0, 0];
      for await (const part of response.body ?? []) {
        reads += 1;
        bytes += part.length;
        const events = (rest + decoder.decode(part, { stream: true })).split('\n\n');
        rest = events.pop() ?? '';
        for (const event of events) {
          if (event === 'data: [DONE]') continue;
          const { choices } = JSON.parse(event.slice('data: '.length)) as Chunk;
          tokens += choices[0]?.token_ids?.length ?? 0;
        }
      }
      return { tokens, reads, bytes };
    },
    close: async () => undefined,
  };
}
