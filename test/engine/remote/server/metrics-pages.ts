/** Pages of `/metrics` as each kind of server writes them, other figures between, and what they say. */
import type { Load } from '../../../../src/engine/engine.ts';

export type Page = { readonly name: string; readonly path: string; readonly text: string; readonly load: Load };

export const PAGES: readonly Page[] = [
  {
    name: 'vllm',
    path: '/metrics',
    text: `# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="a b"} 3.0
vllm:num_requests_waiting{engine="0",model_name="a b"} 2.0
vllm:num_requests_waiting_by_reason{engine="0",model_name="a b",reason="capacity"} 9.0
vllm:kv_cache_usage_perc{engine="0",model_name="a b"} 0.25
vllm:generation_tokens_total{engine="0",model_name="a b"} 1.5e+06
vllm:generation_tokens_created{engine="0",model_name="a b"} 1.7e+09
vllm:time_to_first_token_seconds_bucket{engine="0",le="0.25",model_name="a b"} 3.0
vllm:time_to_first_token_seconds_count{engine="0",model_name="a b"} 4.0
vllm:time_to_first_token_seconds_sum{engine="0",model_name="a b"} 1.0
`,
    load: { running: 3, waiting: 2, cacheUse: 0.25, generatedTokens: 1_500_000, firstTokenMs: 250 },
  },
  {
    name: 'sglang',
    path: '/metrics',
    text: `sglang:num_running_reqs{model_name="m",tp_rank="0"} 5.0
sglang:num_queue_reqs{model_name="m",tp_rank="0"} 1.0
sglang:token_usage{model_name="m",tp_rank="0"} 0.5
sglang:gen_throughput{model_name="m",tp_rank="0"} 812.5
sglang:generation_tokens_total{model_name="m"} 7000.0
sglang:time_to_first_token_seconds_sum{model_name="m"} 3.0
sglang:time_to_first_token_seconds_count{model_name="m"} 6.0
`,
    load: {
      running: 5,
      waiting: 1,
      cacheUse: 0.5,
      generatedTokens: 7000,
      tokensPerSecond: 812.5,
      firstTokenMs: 500,
    },
  },
  {
    name: 'llama.cpp',
    path: '/metrics',
    text: `# TYPE llamacpp:tokens_predicted_total counter
llamacpp:tokens_predicted_total 321
llamacpp:tokens_predicted_seconds_total 10.5
llamacpp:predicted_tokens_seconds 30.5
llamacpp:requests_processing 1
llamacpp:requests_deferred 4
`,
    load: { running: 1, waiting: 4, generatedTokens: 321, tokensPerSecond: 30.5 },
  },
  {
    name: 'lemonade',
    path: '/metrics',
    text: `# HELP lemonade_server_up Whether the Lemonade server is running.
# TYPE lemonade_server_up gauge
lemonade_server_up 1
lemonade_server_info{version="11.7.0"} 1
lemonade_loaded_models 2
lemonade_model_time_to_first_token_seconds{model_name="m",recipe="llamacpp"} 0.25
lemonade_model_tokens_per_second{model_name="m",recipe="llamacpp"} 31
# TYPE lemonade_llamacpp_tokens_predicted_total counter
lemonade_llamacpp_tokens_predicted_total{checkpoint="c:Q4",device="gpu",model_name="m",recipe="llamacpp",type="llm"} 321
lemonade_llamacpp_predicted_tokens_seconds{checkpoint="c:Q4",device="gpu",model_name="m",recipe="llamacpp",type="llm"} 30.5
lemonade_llamacpp_requests_processing{checkpoint="c:Q4",device="gpu",model_name="m",recipe="llamacpp",type="llm"} 1
lemonade_llamacpp_requests_deferred{checkpoint="c:Q4",device="gpu",model_name="m",recipe="llamacpp",type="llm"} 4
lemonade_output_tokens_total 900
`,
    load: { running: 1, waiting: 4, generatedTokens: 321, tokensPerSecond: 30.5 },
  },
  {
    name: 'tensorrt-llm',
    path: '/prometheus/metrics',
    text: `trtllm_num_requests_running{engine_type="undefined",model_name="m"} 2.0
trtllm_num_requests_waiting{engine_type="undefined",model_name="m"} 0.0
trtllm_kv_cache_utilization{engine_type="undefined",model_name="m"} 0.125
trtllm_generation_tokens_total{engine_type="undefined",model_name="m"} 64.0
trtllm_time_to_first_token_seconds_sum{engine_type="undefined",model_name="m"} 0.5
trtllm_time_to_first_token_seconds_count{engine_type="undefined",model_name="m"} 2.0
`,
    load: { running: 2, waiting: 0, cacheUse: 0.125, generatedTokens: 64, firstTokenMs: 250 },
  },
  {
    name: 'nim-1',
    path: '/v1/metrics',
    text: `num_requests_running{model_name="m"} 1.0
num_requests_waiting{model_name="m"} 6.0
num_request_max{model_name="m"} 2048.0
gpu_cache_usage_perc{model_name="m"} 0.75
generation_tokens_total{model_name="m"} 99.0
time_to_first_token_seconds_sum{model_name="m"} 9.0
time_to_first_token_seconds_count{model_name="m"} 3.0
`,
    load: { running: 1, waiting: 6, cacheUse: 0.75, generatedTokens: 99, firstTokenMs: 3000 },
  },
];
