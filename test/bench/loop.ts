/**
 * The loop rule on 1,000 generated texts, half of them loops:
 *
 *   npm run bench:loop [-- --texts 1000] [--seed 1]
 *
 * Token ids are those of a demo model and of Mistral Nemo, whose merges are Nemotron's; words are those of the text of
 * Nemo's tokens. Loops have spans of 1 to 300 tokens and last for 6,000. Columns: `missed` were not found before their
 * end; `median`, `p95` and `most` are the tokens from the beginning of a loop until it was found, and `> 1000` counts the
 * loops for which that was longer. Then: other limits of the rule.
 */
import { parseArgs } from 'node:util';
import {
  isMonotonous,
  LoopWatch,
  TextLoopWatch,
  TOKEN_LIMITS,
  WORD_LIMITS,
  type LoopLimits,
} from '../../src/budget/loop.ts';
import { toTable } from '../../src/cli/table.ts';
import { KIND_NAMES, loopOf, repetitiveText, rollOf, type KindName, type Loop } from '../support/repetitive-texts.ts';
import { demoTokens, nemoTokens, type Tokens } from '../support/tokens.ts';
import { machine } from './figures.ts';

const { values } = parseArgs({
  options: { texts: { type: 'string', default: '1000' }, seed: { type: 'string', default: '1' } },
});
const CHARACTERS = 8000;
const LONGEST_SPAN = 300;
const LASTS = 6000;
const LATE = 1000;
/** as servers send them */
const LARGEST_CHUNK = 8;

type Text = { readonly kind: KindName; readonly ids: readonly number[]; readonly loop: Loop | undefined };

/** One of two texts is a loop. */
function textsOf(tokens: Tokens): Text[] {
  return Array.from({ length: Number(values.texts) }, (_, index): Text => {
    const kind = KIND_NAMES[Math.floor(index / 2) % KIND_NAMES.length] ?? 'prose';
    const seed = Number(values.seed) * 1_000_000 + index;
    const roll = rollOf(seed + 500_000);
    const ids = tokens.encode(repetitiveText(kind, seed, CHARACTERS));
    if (index % 2 === 0) return { kind, ids, loop: undefined };
    // short and long spans are equally frequent
    const span = Math.min(ids.length, Math.round(LONGEST_SPAN ** (roll.between(0, 1000) / 1000)));
    const loop = loopOf(ids, span, LASTS, roll);
    return { kind, ids: loop.ids, loop };
  });
}

/** `foundAt`: how many tokens had been seen */
type Watched = { readonly text: Text; readonly foundAt: number | undefined; readonly ms: number };

/** Chunks are made before the time is taken. */
function watched<Chunk>(
  text: Text,
  toChunk: (ids: readonly number[]) => Chunk,
  watch: { add(chunk: Chunk): object | undefined },
): Watched {
  const roll = rollOf(text.ids.length);
  const chunks: { readonly chunk: Chunk; readonly until: number }[] = [];
  for (let at = 0; at < text.ids.length;) {
    const until = Math.min(text.ids.length, at + roll.between(1, LARGEST_CHUNK));
    chunks.push({ chunk: toChunk(text.ids.slice(at, until)), until });
    at = until;
  }
  const startedAt = performance.now();
  const foundAt = chunks.find(({ chunk }) => watch.add(chunk) !== undefined)?.until;
  return { text, foundAt, ms: performance.now() - startedAt };
}

const byIds = (texts: readonly Text[], limits = TOKEN_LIMITS): Watched[] =>
  texts.map((text) => watched(text, (ids) => ids, new LoopWatch(limits)));

/** As a server without ids sends the tokens. */
const byWords = (tokens: Tokens, texts: readonly Text[], limits = WORD_LIMITS): Watched[] =>
  texts.map((text) => watched(text, (ids) => tokens.decode(ids), new TextLoopWatch(limits)));

const at = (sorted: readonly number[], share: number): string =>
  String(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 'none');

function rowOf(name: string, results: readonly Watched[]): string[] {
  const plain = results.filter(({ text }) => text.loop === undefined);
  const loops = results.filter(({ text }) => text.loop !== undefined);
  // a loop that is reported before it begins is a false alarm
  const early = loops.filter(({ text, foundAt }) => foundAt !== undefined && foundAt <= (text.loop?.begins ?? 0));
  const after = loops
    .filter((result) => result.foundAt !== undefined && !early.includes(result))
    .map(({ text, foundAt }) => (foundAt ?? 0) - (text.loop?.begins ?? 0))
    .toSorted((a, b) => a - b);
  const ms = results.reduce((sum, result) => sum + result.ms, 0);
  const seen = results.reduce((sum, { text, foundAt }) => sum + (foundAt ?? text.ids.length), 0);
  return [
    name,
    String(plain.length),
    String(plain.filter(({ foundAt }) => foundAt !== undefined).length + early.length),
    String(loops.length),
    String(loops.filter(({ foundAt }) => foundAt === undefined).length),
    String(after.filter((tokens) => tokens > LATE).length),
    at(after, 0.5),
    at(after, 0.95),
    at(after, 1),
    ((ms * 1e6) / seen).toFixed(0),
  ];
}

const HEADINGS = ['', 'texts', 'false alarms', 'loops', 'missed', `> ${LATE}`, 'median', 'p95', 'most', 'ns/token'];

const print = (title: string, rows: readonly (readonly string[])[]): boolean =>
  process.stdout.write(`${title}\n\n${toTable(HEADINGS, rows)}\n\n`);

function rowsOf(results: readonly Watched[]): string[][] {
  const isOfMonotonous = ({ text: { loop } }: Watched): boolean =>
    loop !== undefined && isMonotonous(loop.ids.slice(-loop.span));
  return [
    ...KIND_NAMES.map((kind) =>
      rowOf(
        kind,
        results.filter(({ text }) => text.kind === kind),
      ),
    ),
    rowOf('all', results),
    rowOf('of monotonous spans', results.filter(isOfMonotonous)),
    rowOf(
      'of other spans',
      results.filter((result) => result.text.loop !== undefined && !isOfMonotonous(result)),
    ),
  ];
}

function limitRows(run: (limits: LoopLimits) => Watched[], limits: LoopLimits): string[][] {
  const lengths = [200, 400, 650, 800, 900];
  return [
    ...lengths.map((length) => rowOf(`length ${length}`, run({ ...limits, length }))),
    rowOf('monotonous spans as others', run({ ...limits, monotonousLength: limits.length })),
  ];
}

const [demo, nemo] = [demoTokens('thinkmeter-demo-3'), nemoTokens()];
const [demoTexts, nemoTexts] = [textsOf(demo), textsOf(nemo)];
byIds(demoTexts.slice(0, 100)); // warms up
print('token ids of a demo model', rowsOf(byIds(demoTexts)));
print('token ids of Mistral Nemo', rowsOf(byIds(nemoTexts)));
print("words of Mistral Nemo's tokens", rowsOf(byWords(nemo, nemoTexts)));
print(
  'token ids of a demo model, other limits',
  limitRows((limits) => byIds(demoTexts, limits), TOKEN_LIMITS),
);
print(
  'token ids of Mistral Nemo, other limits',
  limitRows((limits) => byIds(nemoTexts, limits), TOKEN_LIMITS),
);
print(
  'words, other limits',
  limitRows((limits) => byWords(nemo, nemoTexts, limits), WORD_LIMITS),
);
process.stdout.write(`${machine()}\n`);
