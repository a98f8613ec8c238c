/** A script's tokens, at their pace, into a sink, with what is to go wrong on the way. */
import { engineError } from './answers.ts';
import { withinBudget } from './budget-writer.ts';
import { createDetokenizer } from './detokenizer.ts';
import { generate, scriptIds, writerOf, type Finish, type Script, type Writer } from './generation.ts';
import type { GenerationRequest } from './generation-request.ts';
import type { RequestMeter } from './metrics.ts';
import type { Misbehaviour, Mischief } from './misbehaviour.ts';
import { createPace, pause, untilAborted } from './pace.ts';
import type { Served } from './served.ts';
import type { Sink } from './sinks.ts';

export type Production = {
  readonly served: Served;
  readonly script: Script;
  readonly mischief: Mischief;
  readonly msPerToken: number;
  /** ends the generation */
  readonly signal: AbortSignal;
  /** it is the server that breaks the connection */
  readonly onBreak: () => void;
};

export async function produce(
  request: GenerationRequest,
  sink: Sink,
  context: Production,
  meter: RequestMeter,
): Promise<void> {
  const { signal, served } = context;
  const { spec } = context.mischief;
  const detokenizer = createDetokenizer(served.model, request.promptIds, request);
  const steps = generate(served.model, writerFor(request, context), detokenizer, request);

  await pause(spec.lateHeadersMs ?? 0, signal);
  if (signal.aborted) return;
  sink.start();
  const giveBack = await context.mischief.slot(signal);
  meter.computes();
  try {
    await write(request, sink, context, { meter, detokenizer, steps });
  } finally {
    giveBack();
  }
}

type Writing = {
  readonly meter: RequestMeter;
  readonly detokenizer: ReturnType<typeof createDetokenizer>;
  readonly steps: ReturnType<typeof generate>;
};

async function write(
  request: GenerationRequest,
  sink: Sink,
  context: Production,
  { meter, detokenizer, steps }: Writing,
): Promise<void> {
  const { signal } = context;
  const { spec } = context.mischief;
  const [least, most] = typeof spec.firstTokenMs === 'object' ? spec.firstTokenMs : [spec.firstTokenMs ?? 0];
  const firstTokenMs = least + Math.random() * ((most ?? least) - least);
  const pace = createPace({ firstTokenMs, msPerToken: context.msPerToken, slow: spec.slow });
  const pending: number[] = [];
  const flush = (finish?: Finish): void => {
    sink.send({ ids: pending.splice(0), text: detokenizer.take({ finished: finish !== undefined }), finish });
    chunks += 1;
  };
  let chunks = 0;
  let generated = 0;
  for (;;) {
    const trouble = troubleAfter(generated, spec);
    if (trouble !== undefined && pending.length > 0) flush();
    if (trouble !== undefined && (await ends(trouble, sink, context))) return;
    await pace.next(signal);
    const step = signal.aborted ? undefined : steps.next().value;
    if (step === undefined) return;
    generated += 1;
    meter.token(step.id);
    pending.push(step.id);
    const finish = reported(step.finish, generated, spec);
    if (finish !== undefined && spec.truncateWithoutFinish === true) {
      sink.end({ truncated: true });
      return;
    }
    if (finish !== undefined || pending.length >= chunkSize(chunks, request, spec)) flush(finish);
    if (finish !== undefined) {
      sink.end({ truncated: false });
      return;
    }
  }
}

/** What the model writes; a script is asked once, and once more after each thought that the budget closed. */
function writerFor(request: GenerationRequest, { served, script }: Production): Writer {
  const { promptIds, thinkingBudget } = request;
  const { model } = served;
  const ask = (generated: readonly number[]): Writer => {
    const ids = [...promptIds, ...generated];
    const text = model.decode(ids, { skipSpecialTokens: false });
    return writerOf(scriptIds(model, script({ ids, text, closer: model.closer })));
  };
  return thinkingBudget === undefined ? ask([]) : withinBudget(served, { promptIds, thinkingBudget }, ask);
}

function chunkSize(chunks: number, request: GenerationRequest, { idsPerChunk }: Misbehaviour): number {
  if (typeof idsPerChunk === 'number') return idsPerChunk;
  // like vLLM: the first token and the last come at once, whatever the interval
  return idsPerChunk?.[chunks] ?? (chunks === 0 ? 1 : request.streamInterval);
}

type Trouble = 'drop' | 'error' | 'garbage' | 'stall';

function troubleAfter(tokens: number, spec: Misbehaviour): Trouble | undefined {
  if (tokens === spec.dropAfterTokens) return 'drop';
  if (tokens === spec.errorAfterTokens) return 'error';
  if (tokens === spec.garbageAfterTokens) return 'garbage';
  return tokens === spec.stallAfterTokens ? 'stall' : undefined;
}

/** Makes the trouble; true when nothing comes after it. */
async function ends(trouble: Trouble, sink: Sink, context: Production): Promise<boolean> {
  if (trouble === 'garbage') sink.garbage();
  if (trouble === 'garbage' || (trouble === 'drop' && !context.mischief.takeDrop())) return false;
  if (trouble === 'drop') {
    context.onBreak();
    await sink.breakOff();
  }
  if (trouble === 'error') {
    sink.fail(engineError('EngineCore encountered an issue. See stack trace (above) for the root cause.'));
  }
  if (trouble === 'stall') await untilAborted(context.signal);
  return true;
}

function reported(finish: Finish | undefined, generated: number, spec: Misbehaviour): Finish | undefined {
  if (generated === spec.finishReason?.afterTokens) return { reason: spec.finishReason.reason, stopReason: null };
  return finish?.reason === 'length' && spec.stopAtCap === true ? { ...finish, reason: 'stop' } : finish;
}
