/** The features in which kinds of servers differ. One value of this type is a kind's row. */
import type { PrefixMode } from '../../../prompt/family.ts';
import type { ServedModel } from '../http/wire.ts';
import type { LoadsOnDemand } from './loaded.ts';
import type { MetricsPage } from './metrics.ts';
import type { Found } from './signs.ts';

export type Dialect = {
  readonly name: string;
  /** the host name of a hosted service; undocumented paths are not polled there */
  readonly host?: string;
  /** `owned_by` of its models, or its `Server` header, if either identifies this kind */
  readonly owner?: string;
  readonly serverHeader?: string;
  /** checks the polled paths, if neither host, owner nor header identifies this kind */
  readonly recognise?: (found: Found) => boolean;
  /** its default port, if discovery may poll this port on this machine */
  readonly port?: number;
  /** matches the command lines of its processes */
  readonly program?: RegExp;
  /** side paths that show its kind, version and features */
  readonly polls: readonly string[];
  /** added to polled paths, if the server needs the model's name there */
  readonly pollQuery?: (model: string) => string;
  /** its handling of prompts and ids is known from a real server, so no trial token is generated */
  readonly isTrusted?: true;
  readonly version?: (found: Found) => string | undefined;
  readonly window?: (found: Found, served: ServedModel) => number | undefined;
  /** how many generations the server computes at a time */
  readonly slots?: (found: Found) => number | undefined;
  /** the server drops the beginning of a long prompt without an error; how an operator enlarges its window */
  readonly dropsLongPrompts?: string;
  /** ids of listed models that cannot answer questions, by the server's own report */
  readonly notForChat?: (found: Found) => ReadonlySet<string>;
  readonly prefixCaching?: (found: Found) => boolean | undefined;
  readonly metrics?: MetricsPage;
  /** whose format its template and tokenizer endpoints have; absent: no such endpoints */
  readonly tokenizer?: 'vllm' | 'llama.cpp';
  /**
   * How to generate from a prompt of token ids: `/v1/completions` with ids, `/v1/completions` with the decoded text, or
   * llama.cpp's own `/completion`. Absent: not possible. `fields` make the tokens countable.
   */
  readonly completions?: {
    readonly by: 'ids' | 'text' | 'llama.cpp';
    readonly fields: object;
    /** a prompt may be sent as text, and the first chunk contains its ids (seen on vLLM 0.13 and 0.32) */
    readonly showsPromptIds?: true;
    /** how to request the log-probability of this token with each generated token; absent: not possible, or not tested */
    readonly margins?: {
      readonly fields: (endId: number) => object;
      /** whether this server has the fields; absent: all servers of this kind have them */
      readonly isThere?: (found: Found) => boolean;
    };
  };
  /** sends usage with every chunk if the request sets `continuous_usage_stats` */
  readonly usageWithEveryChunk?: true;
  readonly chat: {
    /** `chat_template_kwargs` reaches the template */
    readonly templateArguments: boolean;
    /** fields that switch thinking, in addition to the family's own switch */
    readonly thinking: (on: boolean) => object;
    /** fields that keep special tokens in the text: without a parser the markers would be lost */
    readonly shows?: object;
    /** how the request can contain the beginning of the assistant's turn; absent: not possible, or not tested */
    readonly assistantPrefix?: readonly PrefixMode[];
  };
  /** the server's own budget */
  readonly budget?: {
    readonly on: 'completions' | 'chat' | 'both';
    readonly field: string;
    readonly fields: (tokens: number) => object;
    /** prompt tokens after the start marker count too */
    readonly countsPrompt: boolean;
    /** what the server needs for this field, such as start options */
    readonly needs: string;
    /** whether this server has the field; absent: all servers of this kind have the field */
    readonly isThere?: (found: Found) => boolean;
  };
  /** the server loads a model on its first request, and reports the loaded models */
  readonly loads?: LoadsOnDemand;
  readonly limitations: readonly { readonly of: string; readonly source: string }[];
};
