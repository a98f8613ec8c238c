/** The words with which servers refuse a request that exceeds their window, and the numbers in them. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { serverCount, toOverflow } from '../../../../src/engine/remote/http/overflow.ts';
import { ContextOverflowError, EngineHttpError } from '../../../../src/errors.ts';

const OVER = 'Please reduce the length of the messages or completion.';

test.each([
  [
    'vLLM 0.11',
    `This model's maximum context length is 8192 tokens. However, you requested 9012 tokens (7476 in the messages, 1536 in the completion). ${OVER}`,
  ],
  [
    'OpenAI',
    `This model's maximum context length is 8192 tokens, however you requested 8977 tokens (7476 in your prompt; 1501 for the completion). ${OVER}`,
  ],
  [
    'OpenRouter, OpenHands/OpenHands#9937',
    `This endpoint's maximum context length is 8192 tokens. However, you requested about 138956 tokens (7476 of text input, 131480 in the output). ${OVER}`,
  ],
  [
    'vLLM, vllm-project/vllm#33425',
    `This model's maximum context length is 8192 tokens. However, your request has 7476 input tokens plus 2045 'max_tokens'.`,
  ],
  [
    'OpenAI, messages',
    `This model's maximum context length is 8192 tokens. However, your messages resulted in 7476 tokens.`,
  ],
  [
    'vLLM, chat utilities',
    `You passed 7476 input tokens and requested 1536 output tokens. However, the model's context length is only 8192 tokens.`,
  ],
  ['vLLM, engine', 'The decoder prompt (length 7476) is longer than the maximum model length of 8192.'],
  [
    'SGLang',
    `Requested token count exceeds the model's maximum context length of 8192 tokens. You requested a total of 9012 tokens: 7476 tokens from the input messages and 1536 tokens for the completion.`,
  ],
  ['SGLang, input', `The input (7476 tokens) is longer than the model's context length (8192 tokens).`],
  ['a gateway', `Input length (7476) exceeds model's maximum context length (8192).`],
  ['Poolside', `Input length 7476 exceeds the maximum allowed input length of 8192 tokens.`],
  ['llama.cpp', 'request (7476 tokens) exceeds the available context size (8192 tokens), try increasing it'],
  [
    'llama.cpp, ggml-org/llama.cpp#15780',
    '{"code":400,"message":"the request exceeds the available context size","type":"exceed_context_size_error","n_prompt_tokens":7476,"n_ctx":8192}',
  ],
  [
    'LM Studio, lmstudio-ai/lmstudio-bug-tracker#546',
    'Trying to keep the first 7476 tokens when context the overflows. However, the model is loaded with context length of only 8192 tokens, which is not enough.',
  ],
  ['LM Studio, lmstudio-ai/lmstudio-bug-tracker#2256', 'n_keep: 7476 >= n_ctx: 8192'],
  ['Anthropic', 'prompt is too long: 7476 tokens > 8192 maximum'],
  ['xAI', `This model's maximum prompt length is 8192 but the request contains 7476 tokens.`],
  [
    'thousands',
    `This model's maximum context length is 8,192 tokens. However, your messages resulted in 7,476 tokens.`,
  ],
])('%s', (_, words) => {
  expect(serverCount(words)).toEqual({ window: 8192, promptTokens: 7476, isLeast: false });
  expect(serverCount(`the server at http://h answered 400 to /v1/chat/completions: ${words}`)).toBeDefined();
});

// vllm-project/vllm#42474: the tokenizer stops where the rest would not fit
test('a count that stopped early is known as such', () => {
  const words =
    "This model's maximum context length is 128000 tokens. However, you requested 65535 output tokens and your prompt contains at least 62466 input tokens, for a total of at least 128001 tokens.";
  expect(serverCount(words)).toEqual({ window: 128_000, promptTokens: 62_466, isLeast: true });
});

test('a count that was not begun leaves the window', () => {
  const words = 'max_tokens=4608 cannot be greater than max_model_len=512. Please request fewer output tokens.';
  expect(serverCount(words)).toEqual({ window: 512, promptTokens: 1, isLeast: true });
});

test.each([
  'temperature must be in [0, 2]',
  'max_tokens must be at least 1, got -186.',
  'the model thinkmeter-demo does not exist',
  `This model's maximum context length is 8192 tokens.`,
])('another refusal stays what it is: %s', (words) => {
  const error = new EngineHttpError(words, 400);
  expect(toOverflow(error)).toBe(error);
});

test('an error of another kind stays what it is', () => {
  const words = 'request (7476 tokens) exceeds the available context size (8192 tokens)';
  for (const error of [new Error(words), new EngineHttpError(words, 503), undefined]) {
    expect(toOverflow(error)).toBe(error);
  }
  expect(toOverflow(new EngineHttpError(words, 400))).toBeInstanceOf(ContextOverflowError);
});

test('whatever surrounds them, the numbers are the same', () => {
  const around = fc.string({ maxLength: 60 });
  const size = fc.integer({ min: 1, max: 2_000_000 });
  fc.assert(
    fc.property(around, around, size, size, (before, after, window, promptTokens) => {
      const words = `request (${promptTokens} tokens) exceeds the available context size (${window} tokens)`;
      expect(serverCount(`${before} ${words} ${after}`)).toEqual({ window, promptTokens, isLeast: false });
    }),
  );
});
