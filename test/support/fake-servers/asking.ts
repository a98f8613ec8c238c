/** A real engine and the real loop against one of these servers. */
import { onTestFinished } from 'vitest';
import type { ForcedMechanism } from '../../../src/budget/mechanism.ts';
import type { Outcome } from '../../../src/budget/outcome.ts';
import { run } from '../../../src/run/run.ts';
import { EvidenceOfServers } from '../../../src/evidence/evidence.ts';
import { systemClock } from '../../../src/clock.ts';
import type { Engine, Facts } from '../../../src/engine/engine.ts';
import { createRemoteEngine } from '../../../src/engine/remote/engine.ts';
import type { Question } from '../../../src/prompt/question.ts';
import type { FakeServerOptions, RecordedRequest } from './host.ts';
import type { Kind } from './kinds.ts';
import { startFakeServer, type FakeServer } from './server.ts';

/** Recognised by their host, which here is this machine. */
const BY_HOST: readonly Kind[] = ['openrouter', 'build.nvidia.com'];

export type Asked = {
  readonly question?: string;
  readonly budget: number;
  readonly answerTokens?: number;
  readonly mechanism?: ForcedMechanism | undefined;
  /** default: nothing has been learnt */
  readonly evidence?: EvidenceOfServers;
};

export type Met = {
  readonly fake: FakeServer;
  readonly engine: Engine;
  readonly facts: Facts;
  /** Waits until what the run has shown is put down; a self-test of the server's own budget may still be under way. */
  readonly ask: (asked: Asked) => Promise<Outcome>;
};

/** A run, and its requests as the server saw them. */
export type Watched = {
  readonly outcome: Outcome;
  readonly first: RecordedRequest;
  readonly second: RecordedRequest | undefined;
  /** of the first, as the model reads it */
  readonly prompt: string;
};

export async function watch({ fake, ask }: Met, asked: Asked): Promise<Watched> {
  const outcome = await ask(asked);
  const textOf = ({ prompt }: RecordedRequest): string => fake.model.decode(prompt, { skipSpecialTokens: false });
  // before the run's own, or between them, there may be a self-test of the server's budget, or a proof that it keeps a prefix
  const own = fake.generations.filter((request) => !textOf(request).includes(SELF_TEST) && !isProof(request));
  const [first, second] = own.slice(-outcome.requests);
  if (first === undefined) throw new Error('nothing was generated');
  return { outcome, first, second, prompt: textOf(first) };
}

/** In the question of the self-test. */
const SELF_TEST = 'step by step';

/** Its question is one letter. */
function isProof({ body: { messages } }: RecordedRequest): boolean {
  return Array.isArray(messages) && messages.some(({ content }: { content?: unknown }) => content === 'x');
}

/** `tokenizer`: with the model's folder here, as `THINKMETER_TOKENIZER` names it. All ends with the test. */
export async function meet(kind: Kind, options: FakeServerOptions & { readonly tokenizer?: boolean }): Promise<Met> {
  const fake = await startFakeServer(kind, options);
  const { name, model, url: baseUrl } = fake;
  const engine = createRemoteEngine({
    baseUrl,
    // a service has many, and this one does not list any
    ...((BY_HOST.includes(kind) || options.offline === true) && { model: name }),
    ...(BY_HOST.includes(kind) && { dialect: kind }),
    ...(options.tokenizer === true && { tokenizer: `models/${model.name}` }),
  });
  onTestFinished(async () => {
    await engine.close();
    await fake.close();
  });
  const { signal } = new AbortController();
  const { facts } = await engine.open({ signal });
  return {
    fake,
    engine,
    facts,
    ask: async ({ mechanism, evidence = new EvidenceOfServers(), ...asked }) => {
      const startedAt = systemClock.now();
      const { outcome, learnt } = await run(toQuestion(asked), engine, {
        runId: 'a-run',
        signal,
        clock: systemClock,
        startedAt,
        evidence,
        mechanism,
      });
      await learnt;
      return outcome;
    },
  };
}

function toQuestion({ question = 'What is it?', budget, answerTokens = 50 }: Asked): Question {
  return {
    system: [{ from: 'ours', text: 'You are careful.' }],
    user: [{ from: 'theirs', text: question }],
    thinkingBudget: { tokens: budget, given: true },
    answerTokens: { tokens: answerTokens, given: true },
  };
}
