/** A model family: what distinguishes one kind of model from another. The rows are in `families.ts`. */

/** Arguments of a chat template (`chat_template_kwargs`). */
export type TemplateArguments = Readonly<Record<string, boolean | number | string>>;

/**
 * Thinking is switched by a word in the system text, by arguments of the chat template, or not at all. A word stands at
 * the beginning or at the end of the system text, as the family was trained.
 */
export type ThinkingSwitch =
  | { readonly kind: 'word'; readonly on: string; readonly off: string; readonly place: 'first' | 'last' }
  | { readonly kind: 'argument'; readonly on: TemplateArguments; readonly off: TemplateArguments }
  | { readonly kind: 'absent' };

/** If a field is absent, the server's default applies. `temperature` 0 is greedy. */
export type Sampling = { readonly temperature?: number; readonly topP?: number };

/** The text that ends thinking after a cut: one form after a line end, another elsewhere. */
export type Closer<T> = { readonly afterLine: T; readonly elsewhere: T };

/**
 * How a template accepts a final assistant turn that begins with its reasoning. `implicit`: the template opens the turn
 * with the start marker itself. `explicit`: the template prints the turn unchanged if the request asks for a continuation.
 */
export type PrefixMode = 'implicit' | 'explicit';

/**
 * A turn of several messages, each after a header. `starts`: beginnings of a header. `ends`: its end. A header that
 * contains `answer` begins the answer; any other header begins thinking.
 */
export type MessageHeader = { readonly starts: readonly string[]; readonly ends: string; readonly answer: string };

export type Markers = {
  readonly startMarker: string;
  readonly endMarker: string;
  /** absent: the text after the end marker is the answer */
  readonly header?: MessageHeader;
};

export type Family = Markers & {
  readonly name: string;
  /** the chat template opens thinking at the end of a prompt; if false, the model generates the start marker */
  readonly opensInPrompt: boolean;
  readonly switch: ThinkingSwitch;
  /** no switch turns thinking off */
  readonly alwaysThinks?: true;
  /** the text that begins the answer, if a prompt with thinking off ends with `after` */
  readonly offEnding?: { readonly after: string; readonly text: string };
  readonly closer: Closer<string>;
  /** absent: the template drops the reasoning, or its behaviour is unknown */
  readonly assistantPrefix?: PrefixMode;
  /** shapes of the strings, apart from markers and switch words, that act in a prompt; global patterns */
  readonly controls: readonly RegExp[];
  readonly sampling: { readonly on: Sampling; readonly off: Sampling };
};

/** The family with the operator's sampling, where set, instead of its own. */
export function withSampling(family: Family, by: Sampling | undefined): Family {
  return { ...family, sampling: { on: { ...family.sampling.on, ...by }, off: { ...family.sampling.off, ...by } } };
}

export type ThinkingState = 'open' | 'closed' | 'none';

/**
 * The last tokens of a prompt that show its thinking state: `<think></think>` is five in Nano 2, plus a line end, and
 * `<think>\n\n</think>\n\n` is six in tokenizers of Llama 3.
 */
export const TAIL_TOKENS = 6;

/** The thinking state at the end of a prompt, from the text of its last tokens. */
export function thinkingState(tail: string, { startMarker, endMarker }: Markers): ThinkingState {
  const end = tail.trimEnd();
  if (end.endsWith(startMarker.trimEnd())) return 'open';
  return end.endsWith(endMarker) ? 'closed' : 'none';
}

/**
 * The text to append to a prompt that was rendered with thinking off, so that the answer follows. Undefined if the prompt
 * leaves nothing open.
 */
export function endingForOff(tail: string, family: Family): string | undefined {
  const { offEnding, closer } = family;
  if (offEnding !== undefined && tail.trimEnd().endsWith(offEnding.after)) return offEnding.text;
  if (thinkingState(tail, family) !== 'open') return undefined;
  return tail.endsWith('\n') ? closer.afterLine : closer.elsewhere;
}
