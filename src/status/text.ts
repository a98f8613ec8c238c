/** The status in words. */
import { named } from './schema.ts';
import type { Status } from './status.ts';

export function statusText(status: Status): string {
  const { facts, engine, findings } = status;
  const first =
    facts === undefined
      ? 'not ready'
      : `ready: ${facts.model} by ${engine === undefined ? facts.engine : named(engine)}`;
  const faults = findings.map(({ what, fix }) => `- ${what}; ${fix}`);
  return [first, ...lines(status), ...faults].join('\n');
}

/** What is known, a line each. */
function lines({ facts, engine, load, tried, spent }: Status): string[] {
  const own = facts?.native === undefined ? 'none' : `${facts.native.field}, ${tried['native'] ?? 'not tried'}`;
  return [
    ...(facts === undefined
      ? []
      : [
          `window: ${Number.isFinite(facts.window) ? `${facts.window} tokens` : 'not known'}; family ${facts.family.name}`,
          `prompts: by ${engine?.prompts ?? 'ids'}; tokens counted by ${facts.countedBy}`,
          `the server's own budget: ${own}`,
        ]),
    ...(load === undefined ? [] : [`load: ${loadFigures(load)}`]),
    `spent since the start: ${spent.calls} calls, ${spent.thinkingTokens} thinking tokens, ${spent.answerTokens} answer tokens`,
  ];
}

export function loadFigures({
  running,
  waiting,
  cacheUse,
  tokensPerSecond,
  firstTokenMs,
}: NonNullable<Status['load']>): string {
  const figures = [
    `${running} running`,
    `${waiting} waiting`,
    ...(cacheUse === undefined ? [] : [`KV cache ${(cacheUse * 100).toFixed(1)} %`]),
    ...(tokensPerSecond === undefined ? [] : [`${tokensPerSecond.toFixed(1)} tokens/s`]),
    ...(firstTokenMs === undefined ? [] : [`first token ${Math.round(firstTokenMs)} ms on average`]),
  ];
  return figures.join(', ');
}
