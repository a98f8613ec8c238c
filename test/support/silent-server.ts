/** A server that takes every request, and never answers. */
import { onTestFinished } from 'vitest';
import { listening } from './listening.ts';

/** It ends with the test; `heard`: how many requests came. */
export async function startSilent(): Promise<{ readonly url: string; readonly heard: () => number }> {
  let heard = 0;
  const server = await listening(() => (heard += 1));
  onTestFinished(() => server.close());
  return { url: server.url, heard: () => heard };
}
