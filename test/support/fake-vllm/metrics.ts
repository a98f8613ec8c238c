/** The counters behind `/metrics`. */
export type Meter = {
  begin(promptTokens: number): void;
  token(): void;
  end(): void;
  running(): number;
  generationTokens(): number;
  /** Prometheus text, the four lines that the project reads */
  text(servedName: string): string;
};

export function createMeter(): Meter {
  let running = 0;
  let promptTokens = 0;
  let generationTokens = 0;
  return {
    begin: (tokens) => {
      running += 1;
      promptTokens += tokens;
    },
    token: () => {
      generationTokens += 1;
    },
    end: () => {
      running -= 1;
    },
    running: () => running,
    generationTokens: () => generationTokens,
    text: (servedName) => {
      const lines = [
        ['num_requests_running', 'gauge', 'Number of requests in model execution batches.', running],
        ['num_requests_waiting', 'gauge', 'Number of requests waiting to be processed.', 0],
        ['prompt_tokens_total', 'counter', 'Number of prefill tokens processed.', promptTokens],
        ['generation_tokens_total', 'counter', 'Number of generation tokens processed.', generationTokens],
      ] as const;
      return lines
        .map(([name, kind, help, value]) => {
          const labels = `{engine="0",model_name="${servedName}"}`;
          return `# HELP vllm:${name} ${help}\n# TYPE vllm:${name} ${kind}\nvllm:${name}${labels} ${value}.0\n`;
        })
        .join('');
    },
  };
}
