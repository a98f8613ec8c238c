import type { Family } from '../../../prompt/family.ts';
import type { Dialect } from '../server/dialects.ts';

/** Says so where thinking cannot be switched off: the family's switch is an argument, and the server takes none. */
export function switchWarnings({ switch: how }: Family, { name, chat }: Dialect, thinking: boolean): string[] {
  const reaches = how.kind !== 'argument' || chat.templateArguments || Object.keys(chat.thinking(false)).length > 0;
  return thinking || reaches
    ? []
    : [`thinking cannot be switched off on this server (${name}): it takes no template arguments`];
}
