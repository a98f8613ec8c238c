/** Reports as clients and programs read them: snake_case, counts in tokens, times in milliseconds. */
import { roundedCost, type Prices } from './prices.ts';
import { reportOf, type By, type Line } from './report.ts';
import { firstOfDays, type Spending } from './spending.ts';

export function lineToJson({ of, use, cost, saving, callsPerMinute, meanMs, cutShare }: Line): object {
  return {
    ...(of !== '' && { of }),
    calls: use.calls,
    failed_calls: use.failedCalls,
    prompt_tokens: use.promptTokens,
    thinking_tokens: use.thinkingTokens,
    answer_tokens: use.answerTokens,
    other_tokens: use.otherTokens,
    ...(cost !== undefined && { cost: roundedCost(cost) }),
    ...(saving !== undefined && { saving: { ...saving, share: rounded(saving.share, 1000) } }),
    ...(callsPerMinute !== undefined && { calls_per_minute: rounded(callsPerMinute, 10) }),
    ...(meanMs !== undefined && { mean_ms: Math.round(meanMs) }),
    ...(cutShare !== undefined && { cut_share: rounded(cutShare, 1000) }),
  };
}

const DAYS = 30;

/** What the resource `thinkmeter://usage` holds. */
export async function usageToJson(spending: Spending): Promise<object> {
  const { prices } = spending;
  const rows = await spending.rows(firstOfDays(DAYS));
  const lines = (by: By): object[] => reportOf(rows, by, prices).lines.map(lineToJson);
  return {
    days: DAYS,
    prices: pricesToJson(prices),
    total: lineToJson(reportOf(rows, 'day', prices).total),
    by_day: lines('day'),
    by_model: lines('model'),
    by_tool: lines('tool'),
  };
}

function pricesToJson({ prompt, thinking, answer, gpuHour }: Prices): object {
  return {
    ...(prompt !== undefined && { prompt_million: prompt }),
    ...(thinking !== undefined && { thinking_million: thinking }),
    ...(answer !== undefined && { answer_million: answer }),
    ...(gpuHour !== undefined && { gpu_hour: gpuHour }),
  };
}

function rounded(value: number, parts: number): number {
  return Math.round(value * parts) / parts;
}
