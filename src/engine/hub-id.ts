import { isAbsolute } from 'node:path';

/** ORGANIZATION/NAME, of a model on the hub; what looks like a path is none. */
export function isHubId(name: string): boolean {
  return /^[\w.-]+\/[\w.-]+$/.test(name) && !name.startsWith('.') && !isAbsolute(name);
}
