/** A description for people. */
import type { EngineStatus } from '../../engine.ts';
import type { Description } from './describe.ts';

export function toStatus(
  { dialect, found, codecFor }: Description,
  address: string,
  { chosen, loaded }: Pick<EngineStatus, 'chosen'> & { readonly loaded?: boolean | undefined },
): EngineStatus {
  const { version, prefixCaching, serverHeader } = found;
  return {
    address,
    chosen,
    kind: dialect.name,
    ...(version !== undefined && { version }),
    ...(serverHeader !== undefined && { answeredBy: serverHeader }),
    ...(loaded === false && dialect.loads && { toLoad: dialect.loads.toLoad }),
    prompts: codecFor === undefined ? 'messages' : 'ids',
    ...(prefixCaching !== undefined && { prefixCaching }),
    beware: dialect.beware.map(({ of, source }) => `${of} (${source})`),
  };
}
