/** What is known of one server: how it comes to be known, and how long it is believed. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { Evidence, EvidenceOfServers, type Proof } from '../../src/evidence/evidence.ts';

const HELD: Proof = { held: true };
const FAILED: Proof = { held: false, why: 'it continued' };
const TEN_MINUTES = 600_000;
const now = (): number => 0;

test('of a server that is new nothing is known', () => {
  const evidence = new Evidence();
  expect(evidence.known(0)).toEqual({ native: undefined, stream: undefined, promptRatio: undefined });
  expect(evidence.summary(0)).toEqual({});
});

test('each mechanism has its own verdict, and the last one counts', () => {
  const evidence = new Evidence();
  evidence.hold('native', 0);
  evidence.fail('native', 'it continued', 0);
  evidence.hold('stream', 0);
  expect(evidence.known(0)).toMatchObject({ native: FAILED, stream: HELD });
  expect(evidence.summary(0)).toEqual({ native: 'it continued', stream: 'held' });
});

test('a verdict against a server expires, one for it does not', () => {
  const evidence = new Evidence();
  evidence.fail('native', 'it continued', 0);
  evidence.hold('stream', 0);
  expect(evidence.known(TEN_MINUTES - 1).native).toEqual(FAILED);
  expect(evidence.known(TEN_MINUTES)).toMatchObject({ native: undefined, stream: HELD });
});

const suspected = (times: number, at = 0, evidence = new Evidence()): Evidence => {
  for (let time = 0; time < times; time += 1) evidence.suspect('one burst', at);
  return evidence;
};

describe('what may be chance', () => {
  test('is a verdict when it came three times in a row', () => {
    expect(suspected(2).known(0).stream).toBeUndefined();
    expect(suspected(3).known(0).stream).toEqual({ held: false, why: 'one burst' });
  });

  test('is not in a row if something spoke for the server between', () => {
    const evidence = suspected(2);
    evidence.clear();
    expect(suspected(1, 0, evidence).known(0).stream).toBeUndefined();
  });

  test('convicts again at once after the verdict has expired, unless something speaks for the server', () => {
    const again = suspected(3);
    expect(again.known(TEN_MINUTES).stream).toBeUndefined();
    expect(suspected(1, TEN_MINUTES, again).known(TEN_MINUTES).stream).toMatchObject({ held: false });
    const better = suspected(3);
    expect(better.known(TEN_MINUTES).stream).toBeUndefined();
    better.clear();
    expect(suspected(1, TEN_MINUTES, better).known(TEN_MINUTES).stream).toBeUndefined();
  });
});

describe('a self-test', () => {
  test('is made once for all who want it meanwhile', async () => {
    const evidence = new Evidence();
    let times = 0;
    const proof = async (): Promise<Proof> => {
      times += 1;
      await nextTurn();
      return HELD;
    };
    await Promise.all(Array.from({ length: 5 }, () => evidence.prove(proof, now)));
    expect({ times, verdict: evidence.known(0).native }).toEqual({ times: 1, verdict: HELD });
  });

  test('that is inconclusive three times is a verdict, for a while', async () => {
    const evidence = new Evidence();
    for (let turn = 0; turn < 3; turn += 1) {
      expect(evidence.known(0).native).toBeUndefined();
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await evidence.prove(() => Promise.resolve('inconclusive'), now);
    }
    expect(evidence.known(0).native).toMatchObject({ why: expect.stringMatching(/inconclusive/) as string });
    expect(evidence.known(TEN_MINUTES).native).toBeUndefined();
  });

  test('that could not be made shows nothing, however often', async () => {
    const evidence = new Evidence();
    for (let turn = 0; turn < 5; turn += 1) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await evidence.prove(() => Promise.reject(new Error('gone')), now);
    }
    expect(evidence.known(0).native).toBeUndefined();
  });
});

describe('solitude', () => {
  test('a run that nothing overlaps is alone', () => {
    const evidence = new Evidence();
    evidence.begin().end();
    expect(evidence.begin().alone).toBe(true);
  });

  test.each([2, 8])('of %i runs at once none is alone, and activities so when the others have left', (count) => {
    const evidence = new Evidence();
    const activities = Array.from({ length: count }, () => evidence.begin());
    for (const activity of activities.slice(1)) activity.end();
    expect(activities.map(({ alone }) => alone)).toEqual(activities.map(() => false));
  });

  test('a run that only puts down what it has seen disturbs nobody, but is disturbed', () => {
    const evidence = new Evidence();
    const first = evidence.begin();
    first.stopGenerating();
    const second = evidence.begin();
    expect([first.alone, second.alone]).toEqual([false, true]);
  });

  test('a self-test is company', async () => {
    const evidence = new Evidence();
    const activity = evidence.begin();
    await evidence.prove(() => Promise.resolve(HELD), now);
    expect(activity.alone).toBe(false);
  });
});

test('of what was timed the least counts', () => {
  const evidence = new Evidence();
  for (const ratio of [0.03, 0.01, 0.02]) evidence.timed(ratio);
  expect(evidence.promptRatio).toBe(0.01);
});

test('each server has its own evidence, and keeps it while another is talked to', () => {
  const servers = new EvidenceOfServers();
  servers.of('a vllm 0.32.0').fail('native', 'it continued', 0);
  expect(servers.of('a vllm 0.33.0').known(0).native).toBeUndefined();
  expect(servers.of('a vllm 0.32.0').known(0).native).toEqual(FAILED);
});

test('of very many servers the ones that were not talked to for longest are forgotten', () => {
  const servers = new EvidenceOfServers();
  const first = servers.of('0');
  const second = servers.of('1');
  for (let name = 2; name < 33; name += 1) {
    servers.of('0');
    servers.of(String(name));
  }
  expect(servers.of('0')).toBe(first);
  expect(servers.of('1')).not.toBe(second);
});
