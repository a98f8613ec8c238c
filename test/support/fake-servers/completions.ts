/** `POST /v1/completions`, streamed. */
import * as z from 'zod';
import { head, newEnvelope } from '../fake-vllm/answer-format.ts';
import { openEvents } from './events.ts';
import type { Host } from './host.ts';
import { checked, generationFields, type Answering } from './request.ts';
import { refuse } from './refusals.ts';
import { usageFormat } from './usage.ts';
import { write } from './writing.ts';

const completionBody = z.looseObject({
  ...generationFields,
  prompt: z.union([z.string(), z.array(z.int())]),
});

type CompletionBody = z.infer<typeof completionBody>;

export async function answerCompletion({ response, ...making }: Answering): Promise<void> {
  const { host, record } = making;
  const { dialect, options } = host;
  const asked = checked(host, record.body, completionBody);
  const promptIds = promptOf(host, asked);
  const given = dialect.budget?.on === 'both' ? dialect.budget.of(asked) : undefined;
  const steps = write(making, {
    promptIds,
    maxTokens: asked.max_tokens ?? 16,
    budget: typeof given === 'number' ? given : undefined,
    // only servers that take ids let one choose
    skipSpecialTokens: dialect.completions?.prompt !== 'ids or text' || asked.skip_special_tokens !== false,
  });
  const usage = usageFormat(dialect.chat, asked.stream_options, promptIds.length);
  const events = openEvents(response, dialect.headers ?? {});
  const envelope = head(newEnvelope('cmpl', dialect.chat.answersAs?.(host.name) ?? host.name), 'text_completion');
  const sendsIds = dialect.completions?.sendsIds === true && options.old !== true && asked.return_token_ids === true;
  for await (const { id, text, finish } of steps) {
    const first = record.generated.length === 1;
    const ids = sendsIds && { token_ids: [id], ...(first && { prompt_token_ids: promptIds }) };
    events.json({
      ...envelope,
      choices: [{ index: 0, text, logprobs: null, finish_reason: finish ?? null, ...ids }],
      ...usage.inChunk(record, finish !== undefined),
    });
  }
  if (usage.behind) events.json({ ...envelope, choices: [], usage: usage.of(record) });
  events.end(dialect.chat.doneLine ? '[DONE]' : undefined);
}

function promptOf({ dialect: { completions }, model }: Host, { prompt }: CompletionBody): readonly number[] {
  if (typeof prompt !== 'string') {
    return completions?.prompt === 'ids or text' ? prompt : refuse('prompt must be a string.');
  }
  if (completions?.prompt !== 'a question') return model.encode(prompt, { specialTokens: true });
  // Ollama applies the model's template
  const text = model.render([{ role: 'user', content: prompt }], { addGenerationPrompt: true, templateArguments: {} });
  return model.encode(text, { specialTokens: false });
}
