import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Channel } from '../../../src/engine/embedded/channel.ts';

async function all<T>(channel: Channel<T>): Promise<T[]> {
  const values: T[] = [];
  for await (const value of channel) values.push(value);
  return values;
}

test('values come in order, those from before the reader too', async () => {
  const channel = new Channel<number>();
  channel.push(1);
  channel.push(2);
  const reading = all(channel);
  await nextTurn();
  channel.push(3);
  channel.end();
  expect(await reading).toEqual([1, 2, 3]);
});

test('a failure comes after the values that came before it', async () => {
  const channel = new Channel<number>();
  channel.push(1);
  channel.fail(new Error('broken'));
  const values: number[] = [];
  const reading = (async () => {
    for await (const value of channel) values.push(value);
  })();
  await expect(reading).rejects.toThrow('broken');
  expect(values).toEqual([1]);
});

test('what ended first holds', async () => {
  const channel = new Channel<number>();
  channel.end();
  channel.fail(new Error('too late'));
  expect(await all(channel)).toEqual([]);
});

test('a failure without a value is a failure', async () => {
  const channel = new Channel<number>();
  channel.fail(undefined);
  await expect(all(channel)).rejects.toBeUndefined();
});
