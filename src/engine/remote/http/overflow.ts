/**
 * Recognises that a server refused a request because prompt and answer exceed its window, and reads its numbers. Servers
 * count with their own tokenizer and template, so these numbers are certain where ours are estimates.
 */
import { ContextOverflowError, EngineHttpError, type ServerCount } from '../../../errors.ts';

/** Statuses of such a refusal: 400 nearly everywhere, 413 and 422 behind some gateways, 500 in llama.cpp before 2025-10. */
const STATUSES = new Set([400, 413, 422, 500]);

/** A longer text would be the request's own, which some servers repeat in their errors. */
const LONGEST = 2000;

/** Turns such a refusal into an error with the server's numbers; any other error is returned unchanged. */
export function toOverflow(error: unknown): unknown {
  if (!(error instanceof EngineHttpError) || !STATUSES.has(error.status)) return error;
  const counted = serverCount(error.message);
  if (counted === undefined) return error;
  return new ContextOverflowError(error.message, {
    hint: 'shorten the text or lower answer_tokens',
    cause: error,
    counted,
  });
}

/** Each has the window in `window`, and the prompt in `prompt` if it was counted. Sources: the servers' own sources, or the thread named. */
const FORMS: readonly RegExp[] = [
  // vLLM up to 0.11, OpenAI, DeepSeek: "However, you requested 9012 tokens (7476 in the messages, 1536 in the completion)"
  /maximum context length is (?<window>\d+) tokens\D+\d+ tokens \((?<prompt>\d+) in (?:the messages|your prompt|the prompt)/,
  // OpenRouter: "you requested about 138956 tokens (7884 of text input, 131072 in the output)" (OpenHands/OpenHands#9937)
  /maximum context length is (?<window>\d+) tokens\D+about \d+ tokens \((?<prompt>\d+) of text input/,
  // vLLM: "you requested 65535 output tokens and your prompt contains at least 62466 input tokens" (vllm-project/vllm#42474)
  /maximum context length is (?<window>\d+) tokens\D+\d+ output tokens and your prompt contains (?<least>at least )?(?<prompt>\d+)/,
  // vLLM 0.12 to 0.15: "your request has 8 input tokens" (vllm-project/vllm#33425)
  /maximum context length is (?<window>\d+) tokens\D+(?:request|prompt) has (?<prompt>\d+) input tokens/,
  // OpenAI: "your messages resulted in 8202 tokens"
  /maximum context length is (?<window>\d+) tokens\D+resulted in (?<prompt>\d+) tokens/,
  // vLLM: "You passed 4097 input tokens … However, the model's context length is only 4096 tokens"
  /passed (?<prompt>\d+) input tokens.{0,120}context length is only (?<window>\d+)/s,
  // vLLM's engine: "The decoder prompt (length 9000) is longer than the maximum model length of 8192"
  /prompt \(length (?<prompt>\d+)\) is longer than the maximum model length of (?<window>\d+)/,
  // SGLang: "of 131072 tokens. You requested a total of 9012 tokens: 7476 tokens from the input messages and …"
  /maximum context length of (?<window>\d+) tokens\D+\d+ tokens: (?<prompt>\d+) tokens from the input/,
  // SGLang, Together: "The input (40000 tokens) is longer than the model's context length (32768 tokens)"
  /input \((?<prompt>\d+) tokens\) is longer than the model's context length \((?<window>\d+) tokens/,
  // "Input length (265330) exceeds model's maximum context length (262144)"; also "the maximum allowed input length of"
  /[Ii]nput length \(?(?<prompt>\d+)\)? exceeds .{0,40}length (?:\(|of )(?<window>\d+)/,
  // vLLM, before it counts the prompt (seen on 0.32): "max_tokens=4608 cannot be greater than max_model_len=512"
  /max_tokens=\d+ cannot be greater than max_model_len=(?<window>\d+)/,
  // llama.cpp: "request (14429 tokens) exceeds the available context size (8192 tokens)"; fields since ggml-org/llama.cpp#15780
  /request \((?<prompt>\d+) tokens\) exceeds the available context size \((?<window>\d+)/,
  /"n_prompt_tokens":(?<prompt>\d+),"n_ctx":(?<window>\d+)/,
  // LM Studio (lmstudio-ai/lmstudio-bug-tracker#546, #2256)
  /keep the first (?<prompt>\d+) tokens when context the overflows.{0,80}context length of only (?<window>\d+)/s,
  /n_keep: (?<prompt>\d+) ?>= ?n_ctx: (?<window>\d+)/,
  // Anthropic and Ollama Cloud: "prompt is too long: 213462 tokens > 200000 maximum"
  /prompt is too long: (?<prompt>\d+) tokens > (?<window>\d+)/,
  // xAI: "maximum prompt length is 131072 but the request contains 537812 tokens"
  /maximum prompt length is (?<window>\d+) but the request contains (?<prompt>\d+)/,
];

/** undefined: the text is no such refusal, or lacks the numbers. */
export function serverCount(text: string): ServerCount | undefined {
  // some servers write 131,072
  const plain = text.slice(0, LONGEST).replaceAll(/(?<=\d),(?=\d{3}\b)/g, '');
  for (const form of FORMS) {
    const { window, prompt, least } = form.exec(plain)?.groups ?? {};
    const isLeast = least !== undefined || prompt === undefined;
    const counted = { window: Number(window), promptTokens: Number(prompt ?? 1), isLeast };
    if (counted.window > 0 && counted.promptTokens > 0) return counted;
  }
  return undefined;
}
