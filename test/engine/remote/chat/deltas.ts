/** Reads the deltas of both channels as one text. */
import { MarkedText, type ThinkingRequested } from '../../../../src/engine/remote/chat/channels.ts';
import { familyByName, UNKNOWN_FAMILY } from '../../../../src/prompt/families.ts';
import type { Family } from '../../../../src/prompt/family.ts';

/** A delta of each channel. */
export type Delta = readonly [reasoning: string, content: string];

const family = (name: string): Family => familyByName(name) ?? UNKNOWN_FAMILY;
export const opensInPrompt = family('nvidia/NVIDIA-Nemotron-Nano-9B-v2');
export const byArgument = family('nvidia/nemotron-3-nano-30b-a3b');
export const opensItself = family('qwen3-8b');

type Reading = {
  readonly of?: Family;
  readonly thinking?: ThinkingRequested;
  readonly learnt?: { splits: boolean };
  readonly stopped?: boolean;
};

export function readDeltas(
  deltas: readonly Delta[],
  { of = opensInPrompt, thinking = 'on', ...more }: Reading = {},
): string {
  const marked = new MarkedText(of, thinking, more.learnt ?? { splits: false });
  const segments = [
    ...deltas.flatMap(([reasoning, content]) => marked.push(reasoning, content)),
    ...marked.end(more.stopped ?? true),
  ];
  return segments.map(({ text }) => text).join('');
}
