/** Whether a listed model can answer questions: servers also list embedding, reranking, speech and image models. */
import type { ServedModel } from '../http/wire.ts';

/** The names of the models that thinkmeter prefers. */
export const NEMOTRON = /nemotron|thinkmeter-demo/i;

/** By the server's own field where one exists, else by the name. */
export function isForChat(model: ServedModel): boolean {
  return byField(model) ?? !NOT_FOR_CHAT.test(model.id);
}

/** undefined: the server does not report the kind of this model. */
function byField({ type, capabilities, labels, architecture }: ServedModel): boolean | undefined {
  // Together (docs.together.ai, GET /models) and llama.cpp's `decisions` (tools/server/README.md)
  if (type && /^(embedding|rerank|image|audio|video|transcribe|moderation)/i.test(type)) return false;
  // Mistral (docs.mistral.ai, GET /v1/models)
  if (capabilities) return capabilities.completion_chat;
  // Lemonade (src/cpp/server/server.cpp)
  if (labels?.some((label) => /^(embeddings|reranking|transcription|audio|tts|image)$/.test(label))) return false;
  // OpenRouter (openrouter.ai/docs, models)
  const output = architecture?.output_modalities;
  if (output && !output.includes('text')) return false;
  if (type && /^(chat|llm|vlm|language)$/i.test(type)) return true;
  return undefined;
}

/**
 * Names of model families that do not answer questions, from the pipeline tags of the Hugging Face hub
 * (sentence-similarity, text-ranking, speech, text-to-image, reward and guard models). NVIDIA's own are among them:
 * llama-nemotron-embed, -rerank, -reward, nemotron-content-safety, nemotron-parse, nemoguard, nemoretriever, parakeet.
 */
const NOT_FOR_CHAT = new RegExp(
  [
    String.raw`embed|rerank|retriever|colbert|reward|guard|content-safety|moderation|nemotron-parse`,
    String.raw`whisper|parakeet|canary-|stable-diffusion|sdxl|text-to-|speech`,
    String.raw`(^|[-_/.:])(bge|gte|e5|minilm|all-mpnet|clip|siglip|tts|asr|ocr|flux|kokoro|dall-e)([-_/.:]|$)`,
  ].join('|'),
  'i',
);
