/** The folders of recordings, and how the fake is started to be the server that each was made of. */
import { fileURLToPath } from 'node:url';
import type { FakeVllmOptions } from '../support/fake-vllm/server.ts';

export type Folder = FakeVllmOptions & {
  readonly folder: string;
  /** The real server was read too slowly and put two ids into a chunk: the sizes of the first chunks, up to there. */
  readonly slowlyRead?: Readonly<Record<string, readonly number[]>>;
};

export const folders: readonly Folder[] = [
  { folder: 'vllm-0.32.0', model: 'thinkmeter-demo', promptTokensDetails: true },
  {
    folder: 'vllm-0.32.0-plain',
    model: 'thinkmeter-demo',
    reasoning: 'absent',
    apiKey: 'sesame',
    slowlyRead: {
      'completions-stream': twoIdsAt(100),
      'completions-stream-length': twoIdsAt(4),
    },
  },
  { folder: 'vllm-0.32.0-demo-3', model: 'thinkmeter-demo-3', promptTokensDetails: true },
  {
    folder: 'vllm-0.13.0',
    model: 'thinkmeter-demo',
    reasoning: 'ignored',
    slowlyRead: {
      'chat-native-stream': twoIdsAt(91),
      'completions-stream': twoIdsAt(18, 20, 28, 43, 44, 52, 84),
    },
  },
  {
    folder: 'vllm-0.13.0-demo-3',
    model: 'thinkmeter-demo-3',
    reasoning: 'ignored',
    slowlyRead: {
      'chat-native-stream': twoIdsAt(26),
      'chat-stream': twoIdsAt(3, 5, 11, 31),
    },
  },
];

export function directoryOf(folder: string): string {
  return fileURLToPath(new URL(`../fixtures/${folder}/`, import.meta.url));
}

function twoIdsAt(...chunks: readonly number[]): number[] {
  return Array.from({ length: Math.max(...chunks) + 1 }, (_, index) => (chunks.includes(index) ? 2 : 1));
}
