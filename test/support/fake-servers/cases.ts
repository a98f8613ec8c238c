/** Tables of tests: a row for each kind of server, with both models. */
import type { ModelName } from '../fake-vllm/model.ts';
import type { FakeServerOptions } from './host.ts';
import type { Kind } from './kinds.ts';

type Row = { readonly kind: Kind; readonly options?: FakeServerOptions };

export type Case<T> = T & { readonly name: string; readonly model: ModelName };

export function nameOf({ kind, options }: Row): string {
  return options?.old === true ? `${kind}, old` : kind;
}

export function withBothModels<T extends Row>(rows: readonly T[]): Case<T>[] {
  return (['thinkmeter-demo', 'thinkmeter-demo-3'] as const).flatMap((model) =>
    rows.map((row) => ({ ...row, model, name: `${nameOf(row)}, ${model}` })),
  );
}
