/** Facts about a model's family that only its own template and tokenizer show. */
import { BY_MARKERS, BY_THINKING, BY_WORD, UNKNOWN_FAMILY } from './families.ts';
import {
  TAIL_TOKENS,
  thinkingState,
  type Closer,
  type Family,
  type TemplateArguments,
  type ThinkingSwitch,
} from './family.ts';
import type { Codec } from './codec.ts';

/** The switches that templates have, in the order of preference: an argument leaves the text alone. */
const SWITCHES: readonly { readonly name: string; readonly how: Exclude<ThinkingSwitch, { kind: 'absent' }> }[] = [
  { name: 'enable_thinking', how: argument('enable_thinking', true, false) },
  { name: 'thinking', how: argument('thinking', true, false) },
  { name: 'thinking_budget', how: argument('thinking_budget', -1, 0) },
  { name: '/think', how: BY_WORD.switch as Extract<ThinkingSwitch, { kind: 'word' }> },
];

function argument(name: string, on: boolean | number, off: boolean | number) {
  return { kind: 'argument', on: { [name]: on }, off: { [name]: off } } as const;
}

/** The ends of the prompt with a switch on and off. */
export type SwitchTrial = { readonly name: string; readonly on: string; readonly off: string };

/**
 * Detects the family of a model with an unknown name, from the effect of each switch on the end of a prompt. Sends two
 * prompts for each switch, all at once.
 */
export async function detectFamily(codec: Codec): Promise<Family> {
  const trial = async ({ name, how }: (typeof SWITCHES)[number]): Promise<SwitchTrial> => {
    const [on, off] = await Promise.all([tailOf(codec, how.on), tailOf(codec, how.off)]);
    return { name, on, off };
  };
  return familyBySwitch(await Promise.all(SWITCHES.map(trial)));
}

/** Longer than the tail, so that the tail never contains the word that is tried. */
const LONG = 'one two three four five six seven eight';

/** The end of a prompt with a word in its system text, or with arguments of the template. */
async function tailOf(codec: Codec, value: TemplateArguments | string): Promise<string> {
  const isWord = typeof value === 'string';
  const messages = [
    { role: 'system', content: isWord ? `x ${value}` : 'x' },
    { role: 'user', content: LONG },
  ] as const;
  return codec.decode((await codec.template(messages, isWord ? {} : value)).slice(-TAIL_TOKENS));
}

/**
 * The family, from the first switch that changes the end of the rendered prompt, and from the markers that this end shows.
 * Sampling is the server's default, because several families share a switch.
 */
export function familyBySwitch(trials: readonly SwitchTrial[]): Family {
  const found = trials.find(({ on, off }) => on !== off);
  const how = SWITCHES.find(({ name }) => name === found?.name)?.how;
  if (found === undefined || how === undefined) return bySilentPrompt(trials);
  const { name, on, off } = found;
  const shown = BY_MARKERS.find(({ startMarker, endMarker }) =>
    [startMarker.trimEnd(), endMarker].some((m) => `${on} ${off}`.includes(m)),
  );
  const usual = name === 'thinking' ? BY_THINKING : BY_MARKERS[0];
  const base = how.kind === 'word' ? BY_WORD : shown === BY_MARKERS[0] ? usual : (shown ?? usual);
  return {
    ...(base ?? UNKNOWN_FAMILY),
    name: `unknown (${name})`,
    switch: how,
    opensInPrompt: base !== undefined && thinkingState(on, base) === 'open',
    controls: UNKNOWN_FAMILY.controls,
    sampling: UNKNOWN_FAMILY.sampling,
  };
}

/** No switch changes the prompt: it may still end as only one family's prompts end. */
function bySilentPrompt([trial]: readonly SwitchTrial[]): Family {
  const like = BY_MARKERS.find(
    ({ alwaysThinks, offEnding }) => alwaysThinks === true && trial?.on.trimEnd().endsWith(offEnding?.after ?? '\n'),
  );
  if (like === undefined) return UNKNOWN_FAMILY;
  return { ...like, name: `unknown (${like.name})`, sampling: UNKNOWN_FAMILY.sampling };
}

export async function encodeCloser({ closer }: Family, codec: Codec): Promise<Closer<readonly number[]>> {
  const [afterLine, elsewhere] = await Promise.all([codec.encode(closer.afterLine), codec.encode(closer.elsewhere)]);
  return { afterLine, elsewhere };
}
