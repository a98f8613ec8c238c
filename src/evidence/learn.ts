/** What a run has shown of its server, for the runs after it. */
import type { Load } from '../engine/engine.ts';
import type { Begun } from '../run/begin.ts';
import type { Context, Ready } from '../run/context.ts';
import type { Outcome } from '../budget/outcome.ts';
import { afterFirst } from '../stream/speed.ts';
import { cameAtOnce, flowed, HELD_BACK, proveStream } from './stream-proof.ts';
import { overran, type Thought } from '../budget/think.ts';

/** The server's figures before the first request, if they came in time: nothing waits for them. */
export type FiguresBefore = { load?: Load | undefined };

/** Asked for while it is not known how a cut is taken there. */
export function figuresBefore(
  { engine, trust, inTime, clock }: Context,
  { server }: Ready['facts'],
): FiguresBefore | undefined {
  if (trust.verdict(server, 'stream') !== undefined) return undefined;
  const figures: FiguresBefore = {};
  if (!trust.isTimeToLook(server, clock.now())) return figures;
  engine.load?.({ signal: inTime }).then(
    (load) => (figures.load = load),
    () => undefined,
  );
  return figures;
}

const OVERRAN = 'the server thought on beyond the budget that it was given';

/** Whether the server held its own budget, as far as the thinking got. */
export function learnFromThought({ trust }: Context, { plan: { mechanism }, facts }: Ready, thought: Thought): void {
  if (mechanism !== 'native' || thought.endedBy !== 'budget') return;
  if (overran(mechanism, thought)) trust.fail(facts.server, 'native', OVERRAN);
  else trust.hold(facts.server, 'native');
}

/** How the streams came, and how a cut was taken; for the caller what is worth a word. */
export async function learnFromStreams(context: Context, { ready, thought, figures }: Begun): Promise<string[]> {
  const { trust, requests } = context;
  const { server } = ready.facts;
  if (ready.plan.mechanism !== 'stream' || figures === undefined) return [];
  if (requests.all.some(cameAtOnce)) {
    trust.suspect(server, 'stream', HELD_BACK);
    return [`${HELD_BACK}, so a cut saves no tokens; where it is nginx, set proxy_buffering off`];
  }
  if (!thought.flowsOn) trust.lookAgain(server);
  const verdict = await proveStream(context, { thought, requests: requests.all, before: figures.load });
  if (verdict?.held === false) {
    trust.suspect(server, 'stream', verdict.why);
    return trust.failure(server, 'stream') === undefined
      ? []
      : [`${verdict.why}, so a cut saves no tokens: from now on the first request is capped`];
  }
  if (verdict?.held === true) trust.hold(server, 'stream');
  if (requests.all.some(flowed)) trust.clear();
  return [];
}

/** What only the end tells: the speed of prompts, and an overrun where tokens are counted last. */
export function learnFromOutcome({ trust }: Context, begun: Begun, { mechanism, honored }: Outcome): void {
  const { server } = begun.ready.facts;
  if (mechanism === 'native' && !honored) trust.fail(server, 'native', OVERRAN);
  const ratio = promptRatio(begun);
  if (ratio !== undefined) trust.timed(server, ratio);
}

/** A short prompt's time is that of the road; fewer tokens do not make a speed. */
const LEAST_TIMED = { prompt: 256, generated: 16 } as const;

/** A prompt token's time beside a generated one's. */
function promptRatio({ first }: Begun): number | undefined {
  const { reading, askedAt, promptTokens } = first;
  const { firstTokenAt, trail } = reading;
  const { tokens, ms } = afterFirst([reading]);
  if (firstTokenAt === undefined || ms === 0) return undefined;
  if (promptTokens < LEAST_TIMED.prompt || trail.tokens < LEAST_TIMED.generated || cameAtOnce(first)) return undefined;
  return (firstTokenAt - askedAt) / promptTokens / (ms / tokens);
}
