/** The counts in a stream, where each kind of server puts them. */
import type { Dialect } from './dialect.ts';
import type { RecordedRequest } from './host.ts';

export type StreamOptions = {
  readonly include_usage?: boolean | null | undefined;
  readonly continuous_usage_stats?: boolean | null | undefined;
};

type Counted = Pick<RecordedRequest, 'generated' | 'thinkingTokens'>;

export type UsageFormat = {
  /** counts come with every chunk */
  readonly continuous: boolean;
  /** a chunk behind the last is due */
  readonly behind: boolean;
  of(so: Counted): object;
  /** what a chunk has of it */
  inChunk(so: Counted, last: boolean): object;
};

export function usageFormat(
  chat: Dialect['chat'],
  asked: StreamOptions | null | undefined,
  prompt: number,
): UsageFormat {
  const wanted = asked?.include_usage === true;
  const continuous = chat.continuous === true && wanted && asked.continuous_usage_stats === true;
  const usage = (generated: number): object => ({
    prompt_tokens: prompt,
    completion_tokens: generated,
    total_tokens: prompt + generated,
  });
  const of = ({ generated, thinkingTokens }: Counted): object => ({
    ...usage(generated.length),
    ...chat.counts?.(thinkingTokens),
  });
  return {
    continuous,
    behind: chat.usage === 'chunk' ? wanted : chat.usage === 'chunk with a choice',
    of,
    inChunk: (so, last) => {
      if (continuous || (last && chat.usage === 'last')) return { usage: of(so) };
      const zeros = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 };
      return chat.zeros === true && wanted ? { usage: zeros } : {};
    },
  };
}
