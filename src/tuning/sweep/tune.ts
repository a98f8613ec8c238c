/** Which budget is enough: runs cases under several budgets, and says what the results show. */
import type { TuneResult } from '../values.ts';
import { Sweep, type TuneContext } from './sweep.ts';
import { keyOf, prepare, type TuneTask } from './task.ts';

/** @throws {ThinkmeterError} if the engine fails; what was finished is kept, and the same call goes on from there */
export async function tune(task: TuneTask, context: TuneContext): Promise<TuneResult> {
  const prepared = prepare(task);
  const { runner } = context;
  const facts = await runner.ready(task.maxSeconds, context);
  const sweep = new Sweep(prepared, context);
  await sweep.resume(keyOf(prepared, facts));
  await sweep.run();
  return sweep.finish();
}
