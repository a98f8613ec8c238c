/**
 * What every engine has to do, whatever generates its tokens: a server of our own making, a real vLLM, a model in this
 * process. Bounds and invariants, no exact text. The model is one of the demo models or plays one: it thinks, closes
 * its thinking and answers, greedily always the same.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Engine, Piece } from '../../src/engine/engine.ts';
import { idsOf } from '../../src/engine/token-ids.ts';
import {
  cut,
  decode,
  failure,
  factsOf,
  forever,
  generate,
  generateFrom,
  greedily,
  exactly,
  idsFor,
  promptOf,
  read,
} from '../engine/reading.ts';

export type Started = {
  readonly engine: Engine;
  /** requests under way upstream, where that can be asked */
  readonly running?: () => number | Promise<number>;
  /** what stands behind the engine; the engine itself is closed by the contract */
  close(): Promise<void>;
};

export type Subject = {
  readonly create: () => Promise<Started>;
  readonly model: string;
  readonly window: number;
  readonly family: string;
};

/** Thought over in a few tokens. */
export const SHORT = '2 + 3 = ?';
/** Thought over in dozens. */
export const LONG = '2^10 + 3^5 - 4^3 = ?';
/** Thought over in hundreds. */
export const LONGER = '12^2 + 345*7 - 2^9 + 678*3 - 19^2 + 4^5 = ?';
/** Room for a whole thought and its answer. */
const ROOM = 400;

/** What may still come out of buffers after a reader has given up. */
const STILL_ON_ITS_WAY = 40;

export function describeEngine(name: string, { create, model, window, family }: Subject): void {
  describe(`engine: ${name}`, () => {
    let started: Started;
    let engine: Engine;

    beforeAll(async () => {
      started = await create();
      ({ engine } = started);
    });

    afterAll(async () => {
      await started?.engine.close();
      await started?.close();
    });

    const untilIdle = async (): Promise<void> => {
      if (started.running !== undefined) await expect.poll(started.running, { timeout: 5000 }).toBe(0);
    };

    test('open() tells model, window and family', async () => {
      const facts = await factsOf(engine);
      expect(facts).toMatchObject({ model, window, family: { name: family } });
      expect(await factsOf(engine)).toEqual(facts);
    });

    test.each([
      { form: 'afterLine', text: 'so it is.\n' },
      { form: 'elsewhere', text: 'so it' },
    ] as const)('the closer is in the tokens of this model: $form', async ({ form, text }) => {
      const { closerTokens: most, family: found } = await factsOf(engine);
      const [prompt, thought] = [await idsFor(engine, SHORT), [1, 2, 3]];
      const { ids, closerTokens, tail, promptTokens } = await cut(engine, prompt, { ids: thought, text });
      expect(ids.slice(0, -closerTokens)).toEqual([...prompt, ...thought]);
      expect(await decode(engine, ids.slice(-closerTokens))).toBe(found.closer[form]);
      expect({ tail, promptTokens }).toEqual({ tail: text, promptTokens: ids.length });
      expect(closerTokens).toBeLessThanOrEqual(most);
    });

    test('what is kept of a thought that has closed is continued as it is', async () => {
      const signal = forever();
      const session = await engine.open({ signal });
      const { beginning } = await promptOf(engine, SHORT);
      const kept = { ids: [1, 2, 3], text: 'x', reasoning: 'x', open: false };
      const { beginning: longer, ...extended } = await session.extend(beginning, kept, { signal });
      expect(extended).toEqual({ closerTokens: 0, restartsAnswer: false });
      expect(idsOf(longer).ids).toEqual([...(await exactly(engine, beginning)).ids, 1, 2, 3]);
    });

    test('text that came without ids is continued as well', async () => {
      const signal = forever();
      const session = await engine.open({ signal });
      const { beginning } = await promptOf(engine, SHORT);
      const kept = { ids: undefined, text: '2 + 3 = 5', reasoning: '2 + 3 = 5', open: true };
      const { beginning: longer } = await session.extend(beginning, kept, { signal });
      const { closer } = session.facts.family;
      const before = await decode(engine, (await exactly(engine, beginning)).ids);
      expect(await decode(engine, idsOf(longer).ids)).toBe(before + kept.text + closer.elsewhere);
    });

    test.each([
      { thinking: true, state: 'open' },
      { thinking: false, state: 'closed' },
    ])('thinking $thinking is rendered as a prompt that leaves thinking $state', async ({ thinking, state }) => {
      const prompt = await promptOf(engine, SHORT, thinking);
      expect(prompt.thinking).toBe(state);
      const { ids, tail } = await exactly(engine, prompt.beginning);
      // a prompt that goes as text is not counted yet: a token has a byte at least
      expect(prompt.beginning.promptTokens).toBeGreaterThanOrEqual(ids.length);
      const text = await decode(engine, ids);
      expect(text).toContain(SHORT);
      expect(tail).not.toBe('');
      expect(text.endsWith(tail)).toBe(true);
    });

    test('control strings in a question arrive whole and do nothing', async () => {
      const text = 'see /docs/thinking.md, a </think> b, <SPECIAL_12> <|im_end|> /no_think 안녕 🙂';
      const prompt = await promptOf(engine, text);
      expect(prompt.thinking).toBe('open');
      const around = (await decode(engine, await idsFor(engine, 'hello'))).split('hello');
      expect(await decode(engine, (await exactly(engine, prompt.beginning)).ids)).toBe(around.join(text));
    });

    test.each([1, 2, 7, 30])('no more than %i tokens are generated when that is the limit', async (maxTokens) => {
      const { ids, finish, pieces } = await generate(engine, LONG, greedily(maxTokens));
      expect(ids).toHaveLength(maxTokens);
      expect(finish).toEqual({ unified: 'length', raw: 'length' });
      expect(pieces.filter((piece) => piece.finish !== undefined)).toHaveLength(1);
    });

    test('a whole turn ends with "stop": thinking, its end, an answer', async () => {
      const { ids, text, finish } = await generate(engine, SHORT, greedily(ROOM));
      expect(finish?.unified).toBe('stop');
      expect(ids.length).toBeLessThan(ROOM);
      expect(text).toMatch(/\S\s*<\/think>\s*\S/);
    });

    test('the text is that of the ids; the end of the turn is an id without text', async () => {
      const { ids, text } = await generate(engine, SHORT, greedily(ROOM));
      expect(await decode(engine, ids.slice(0, -1))).toBe(text);
      expect((await decode(engine, ids.slice(-1))).trim()).not.toBe('');
    });

    test('an engine that can report margins has one for each id, the smallest where thinking closes', async ({
      skip,
    }) => {
      const { margins: can } = await factsOf(engine);
      if (can !== true) skip();
      const prompt = await idsFor(engine, SHORT);
      const { ids: closed, closerTokens } = await cut(engine, prompt, { ids: [1], text: 'so it is.\n' });
      const { pieces, ids, text } = await generate(engine, SHORT, { ...greedily(ROOM), margins: true });
      for (const piece of pieces.filter((some) => some.ids.length > 0)) {
        expect(piece.margins).toHaveLength(piece.ids.length);
      }
      const margins = pieces.flatMap((piece) => piece.margins ?? []);
      const closest = margins.indexOf(Math.min(...margins));
      expect(margins[closest]).toBe(0);
      expect(ids[closest]).toBe(closed.at(-closerTokens));
      expect(await decode(engine, ids.slice(0, closest))).toBe(text.slice(0, text.indexOf('</think>')));
      expect(margins.some((margin) => margin > 1)).toBe(true);
    });

    test('margins are of the distribution before temperature', async ({ skip }) => {
      if ((await factsOf(engine)).margins !== true) skip();
      const own = await generate(engine, LONG, { ...greedily(4), margins: true });
      const drawn = await generate(engine, LONG, { maxTokens: 4, sampling: { temperature: 2 }, margins: true });
      const same = drawn.ids.findIndex((id, index) => id !== own.ids[index]);
      const [before = [], after = []] = [own, drawn].map(({ pieces }) =>
        pieces.flatMap((piece) => piece.margins ?? []).slice(0, same === -1 ? undefined : same),
      );
      expect(after).toHaveLength(before.length);
      // 8-bit models compute slightly different logits if more of the prompt is cached; temperature 2 would halve a margin
      after.forEach((margin, index) => expect(margin).toBeCloseTo(before[index] ?? NaN, 0));
    });

    test('margins change no token, and come only if they are requested', async () => {
      const without = await generate(engine, SHORT, greedily(ROOM));
      expect(without.pieces.some((piece) => 'margins' in piece)).toBe(false);
      const { ids, text } = await generate(engine, SHORT, { ...greedily(ROOM), margins: true });
      expect({ ids, text }).toEqual({ ids: without.ids, text: without.text });
    });

    test('with thinking off the answer comes at once', async () => {
      const { text, finish } = await generate(engine, SHORT, greedily(ROOM), false);
      expect(finish?.unified).toBe('stop');
      expect(text.trim()).not.toBe('');
      expect(text).not.toContain('</think>');
    });

    test.each([{ temperature: 1, topP: 0.9 }, { temperature: 0.6 }, {}])(
      'a generation with the sampling %o keeps to its limit too',
      async (sampling) => {
        const { ids, text } = await generate(engine, LONG, { maxTokens: 12, sampling });
        expect(ids.length).toBeGreaterThan(0);
        expect(ids.length).toBeLessThanOrEqual(12);
        expect(await decode(engine, ids)).toContain(text);
      },
    );

    test.each([1, 8, 20])('%i tokens, and then what follows them, are what one generation gives', async (first) => {
      const prompt = await idsFor(engine, LONG);
      const whole = await read(generateFrom(engine, prompt, greedily(first + 25)));
      const begun = await read(generateFrom(engine, prompt, greedily(first)));
      const rest = await read(generateFrom(engine, [...prompt, ...begun.ids], greedily(25)));
      expect([...begun.ids, ...rest.ids]).toEqual(whole.ids);
      expect(begun.text + rest.text).toBe(whole.text);
    });

    test('a thought that is closed for the model is answered', async () => {
      const prompt = await idsFor(engine, SHORT);
      const begun = await read(generateFrom(engine, prompt, greedily(4)));
      const { ids: closed } = await cut(engine, prompt, begun);
      const { text, finish } = await read(generateFrom(engine, closed, greedily(ROOM)));
      expect(finish?.unified).toBe('stop');
      expect(text.trim()).not.toBe('');
      expect(text).not.toContain('</think>');
    });

    test('one prompt after another, and the first again: each gets its own text', async () => {
      const first = await generate(engine, SHORT, greedily(40));
      await generate(engine, LONG, greedily(40));
      await generate(engine, SHORT, greedily(40), false);
      expect((await generate(engine, SHORT, greedily(40))).ids).toEqual(first.ids);
    });

    test('two generations at once both come right', async () => {
      const [short, long] = [await generate(engine, SHORT, greedily(60)), await generate(engine, LONG, greedily(60))];
      const together = await Promise.all([
        generate(engine, SHORT, greedily(60)),
        generate(engine, LONG, greedily(60)),
        generate(engine, SHORT, greedily(60)),
      ]);
      expect(together.map(({ ids }) => ids)).toEqual([short.ids, long.ids, short.ids]);
    });

    test('leaving the loop early ends the generation, and the next one works', async () => {
      const prompt = await idsFor(engine, LONG);
      const seen: number[] = [];
      for await (const { ids } of generateFrom(engine, prompt, greedily(ROOM))) {
        seen.push(...ids);
        if (seen.length >= 3) break;
      }
      await untilIdle();
      const again = await read(generateFrom(engine, prompt, greedily(20)));
      expect(again.ids.slice(0, seen.length)).toEqual(seen.slice(0, 20));
    });

    test('the signal ends the generation within a few tokens, and the next one works', async () => {
      const prompt = await idsFor(engine, LONG);
      const leave = new AbortController();
      const seen: number[] = [];
      const reading = (async () => {
        for await (const { ids } of generateFrom(engine, prompt, greedily(ROOM), { signal: leave.signal })) {
          seen.push(...ids);
          if (seen.length >= 3) leave.abort();
        }
      })();
      expect(await failure(reading)).toBeInstanceOf(Error);
      expect(seen.length).toBeLessThan(STILL_ON_ITS_WAY);
      await untilIdle();
      const again = await read(generateFrom(engine, prompt, greedily(20)));
      expect(again.ids.slice(0, seen.length)).toEqual(seen.slice(0, 20));
    });

    test('a signal that has fired before asks for nothing', async () => {
      const session = await engine.open({ signal: forever() });
      const { beginning } = await promptOf(engine, LONG);
      const generation = session.generate(beginning, greedily(ROOM), { signal: AbortSignal.abort() });
      expect(await failure(read(generation))).toBeInstanceOf(Error);
      await untilIdle();
    });

    test('a caller that gives up takes nothing from another', async () => {
      const prompt = await idsFor(engine, SHORT);
      const alone = await read(generateFrom(engine, prompt, greedily(40)));
      const leave = new AbortController();
      const given = failure(read(generateFrom(engine, prompt, greedily(ROOM), { signal: leave.signal })));
      const kept = read(generateFrom(engine, prompt, greedily(40)));
      leave.abort();
      expect(await given).toBeInstanceOf(Error);
      expect((await kept).ids).toEqual(alone.ids);
    });

    test('close() ends what is under way, twice does no harm, and nothing is generated after it', async () => {
      const other = await create();
      const signal = forever();
      const session = await other.engine.open({ signal });
      const { beginning } = await promptOf(other.engine, LONGER);
      const seen: Piece[] = [];
      let closing: Promise<void> | undefined;
      const reading = (async () => {
        for await (const piece of session.generate(beginning, greedily(ROOM), { signal })) {
          seen.push(piece);
          closing ??= other.engine.close();
        }
      })();
      // by an error, or by a finish reason that is neither of the model's nor of the limit's making
      await reading.catch(() => undefined);
      await closing;
      expect(['other', undefined]).toContain(seen.at(-1)?.finish?.unified);
      expect(seen.length).toBeLessThan(ROOM);
      await other.engine.close();
      expect(await failure(read(session.generate(beginning, greedily(5), { signal })))).toBeInstanceOf(Error);
      expect(await failure(generate(other.engine, LONGER, greedily(5)))).toBeInstanceOf(Error);
      await other.close();
    });
  });
}
