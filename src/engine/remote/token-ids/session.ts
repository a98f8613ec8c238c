/** A session in token mode: the model's template and tokenizer render prompts, and continuations append the received ids. */
import { EngineHttpError, EngineTimeoutError, EngineUnsupportedError } from '../../../errors.ts';
import { TAIL_TOKENS } from '../../../prompt/family.ts';
import type { Codec } from '../../../prompt/codec.ts';
import { render, renderText } from '../../../prompt/render.ts';
import { EndpointGoneError, type Beginning, type CallOptions, type Prompt, type Session } from '../../engine.ts';
import { beginningOf, extendIds, idsOf, toPrompt, type IdsBeginning } from '../../token-ids.ts';
import { reports, type Place } from '../server/place.ts';
import { complete } from './completions.ts';
import type { TokenIds } from './seen.ts';
import { TextBeginning } from './text-prompt.ts';

/** Words of JSON libraries that expected a text: Rust's serde, Go's encoding/json, pydantic, zod. */
const EXPECTED_TEXT =
  /StringOrArray|untagged enum|unmarshal array|invalid type: sequence|valid string|must be a string|expected (a )?string/i;

function isRefusedList(error: unknown): error is EngineHttpError {
  return error instanceof EngineHttpError && [400, 422].includes(error.status) && EXPECTED_TEXT.test(error.message);
}

export function tokenIdsSession(
  place: Place,
  { codecFor: serverCodec, closer, seen }: TokenIds,
  onDoubt: (reason: 'model' | 'completions') => void,
): Session {
  const { client, count, facts, dialect } = place;
  const { encoded, tails, skeletons } = seen;
  // a local tokenizer renders without a request, so a text prompt saves nothing
  const takesText = dialect.completions?.showsPromptIds === true && count === undefined;

  const codecFor = ({ signal }: CallOptions): Codec => {
    const own = serverCodec(signal, client);
    return {
      template: (messages, templateArguments) => own.template(messages, templateArguments),
      encode: (text) => encoded.get(text, () => own.encode(text)),
      // the tails of prompts are nearly always the same, so only short ids are cached
      decode: (ids) => (ids.length > TAIL_TOKENS ? own.decode(ids) : tails.get(ids.join(), () => own.decode(ids))),
    };
  };

  const toDoubt = (error: unknown): unknown => {
    // these errors mean that the path is missing or hidden by a proxy; a missing model is a 404 with a message
    if (error instanceof EngineUnsupportedError || error instanceof EngineTimeoutError) {
      onDoubt('completions');
      return new EndpointGoneError(error.message, { cause: error });
    }
    if (error instanceof EngineHttpError && error.status === 404) onDoubt('model');
    return error;
  };

  /**
   * Routers may accept a prompt as text only, and refuse a list as they refuse a bad request: sglang-router with a 422, SMG
   * with a 400. If no list was answered yet, the question is asked over chat completions instead.
   */
  const toRefusal = (error: unknown): unknown => {
    if (seen.takesIds || !isRefusedList(error)) return toDoubt(error);
    onDoubt('completions');
    return new EndpointGoneError(error.message, { cause: error });
  };

  const doubting = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      throw toDoubt(error);
    }
  };

  /** Renders to text, unless the prompt might not fit: then the prompt is encoded to count its tokens. */
  const renderedText = async (
    question: Parameters<Session['render']>[0],
    { thinking, room }: Pick<Parameters<Session['render']>[1], 'thinking' | 'room'>,
    codec: Codec,
  ): Promise<Prompt> => {
    const rendered = await renderText(question, facts.family, thinking, codec, skeletons);
    if ('ids' in rendered) return toPrompt(rendered);
    const text = new TextBeginning(rendered);
    const fits = text.mostTokens + room + 2 * facts.closerTokens <= facts.window;
    const beginning = fits ? text : beginningOf(await codec.encode(rendered.text), rendered.tail);
    const { thinking: state, opened, warnings = [] } = rendered;
    return { beginning, thinking: state, opened, warnings };
  };

  return {
    facts,
    ...reports(place),

    async render(question, { thinking, room, ...call }) {
      const codec = codecFor(call);
      const prompt = await doubting(
        takesText
          ? renderedText(question, { thinking, room }, codec)
          : render(question, facts.family, thinking, codec).then(toPrompt),
      );
      return { ...prompt, warnings: [...place.warnings, ...(prompt.warnings ?? [])] };
    },

    generate(from, limits, call) {
      const codec = codecFor(call);
      const known = from instanceof TextBeginning ? from.ids : idsOf(from).ids;
      const task = {
        client,
        model: facts.model,
        dialect,
        needsUsage: !seen.sendsIds,
        signal: call.signal,
        ...codec,
        ...(count && { count }),
        ...(facts.margins && { endId: closer.afterLine[0] }),
        onIds: () => {
          seen.sendsIds = true;
          seen.takesIds ||= known !== undefined;
        },
        // a refused budget field is repeated without the field
        toError: known !== undefined && limits.nativeBudget === undefined ? toRefusal : toDoubt,
      };
      if (known !== undefined || !(from instanceof TextBeginning)) return complete(task, known ?? [], limits);
      const onPromptIds = (ids: readonly number[]): void => {
        from.setIds(ids);
        void from.compare(seen, codec);
      };
      return complete(task, { text: from.text, onPromptIds }, limits);
    },

    extend: (from, kept, call) => {
      const codec = codecFor(call);
      const extended = async () =>
        extendIds(await asIds(from, codec), kept, { closer, encode: (text) => codec.encode(text) });
      return doubting(extended());
    },

    decode: (ids, call) => codecFor(call).decode(ids),
  };
}

function asIds(from: Beginning, codec: Codec): Promise<IdsBeginning> | IdsBeginning {
  return from instanceof TextBeginning ? from.asIds((text) => codec.encode(text)) : idsOf(from);
}
