/** In what the kinds of servers differ. */
import type { Counting } from './budget.ts';
import type { Host } from './host.ts';

export type Body = Readonly<Record<string, unknown>>;

export type Dialect = {
  /** stands before `/v1` */
  readonly base?: string;
  /** the name of the folder as this server calls the model */
  readonly nameOf?: (model: string) => string;
  /** with every answer */
  readonly headers?: Readonly<Record<string, string>>;
  /** what GET answers, JSON unless it is text; behind the base */
  readonly looks: (host: Host) => Readonly<Record<string, unknown>>;
  /** what POST answers besides generating */
  readonly tokenizer?: 'sglang' | 'llama.cpp' | 'tensorrt-llm';
  /** a path that it has not; default: 404 and FastAPI's words */
  readonly missing?: (method: string, path: string) => { readonly status: number; readonly body: unknown };
  readonly error: (status: number, message: string) => unknown;
  /** what is wrong with a request to generate is told as an event, behind a 200 */
  readonly errorsInStream?: true;
  /** any other field is a 400; absent: what it does not know is ignored */
  readonly fields?: readonly string[];
  readonly chat: {
    /** where the parser puts thinking; absent: there is none, and special tokens are not shown */
    readonly thinking?: 'reasoning' | 'reasoning_content';
    /** the parser believes the template's arguments, not the prompt */
    readonly believesArguments?: true;
    /** `chat_template_kwargs` reaches the template */
    readonly templateArguments?: true;
    /** its own switch, where it has one */
    readonly isOff?: (body: Body) => boolean;
    readonly refuses?: (body: Body) => string | undefined;
    /** where usage stands: in a chunk behind the last, in one with a choice all the same, or in the last itself */
    readonly usage: 'chunk' | 'chunk with a choice' | 'last';
    /** `continuous_usage_stats` is known */
    readonly continuous?: true;
    /** zeros stand in every chunk before */
    readonly zeros?: true;
    /** how thinking tokens are told */
    readonly counts?: (thinkingTokens: number) => object;
    /** the beginning of a turn that it was given comes back before what it generates */
    readonly echoes?: true;
    /** a line before the first token and between others */
    readonly comment?: string;
    readonly doneLine: boolean;
    /** the model's name in answers */
    readonly answersAs?: (name: string) => string;
  };
  /** `POST /v1/completions`; absent: not there */
  readonly completions?: {
    readonly prompt: 'text' | 'ids or text' | 'a question';
    /** `return_token_ids` is known */
    readonly sendsIds?: true;
    /** as llama.cpp streams it; default: as vLLM does */
    readonly streams?: 'llama.cpp';
  };
  readonly budget?: {
    readonly on: 'chat' | 'both';
    readonly of: (body: Body) => unknown;
    readonly counts: Counting;
    /** the model does not have it: a 400 */
    readonly refusedBy?: string;
    /** the model's start marker is not found: it is not acted on */
    readonly ignoredBy?: string;
  };
};
