/** The status in words. */
import { asSentence } from '../errors.ts';
import type { Speeds } from '../evidence/speed-model.ts';
import { costText } from '../spending/prices.ts';
import { named } from './schema.ts';
import type { Status } from './status.ts';

export function statusText(status: Status): string {
  const { facts, engine, findings } = status;
  const first =
    facts === undefined
      ? 'not ready'
      : `ready: ${facts.model} on ${engine === undefined ? facts.engine : named(engine)}`;
  const problems = findings.map(({ what, fix }) => `- ${asSentence(what)} ${asSentence(fix)}`);
  return [first, ...lines(status), ...problems].join('\n');
}

/** What is known, a line each. */
function lines({ facts, engine, load, tried, speeds = {}, spent }: Status): string[] {
  const own = facts?.native === undefined ? 'none' : `${facts.native.field}, ${tried['native'] ?? 'not tried'}`;
  return [
    ...(facts === undefined
      ? []
      : [
          `window: ${Number.isFinite(facts.window) ? `${facts.window} tokens` : 'unknown'}; family ${facts.family.name}`,
          `prompts: ${promptsLine(engine, facts.countedBy)}`,
          `the server's own budget: ${own}`,
        ]),
    ...(load === undefined ? [] : [`load: ${loadFigures(load)}`]),
    ...(Object.keys(speeds).length === 0 ? [] : [`recent calls: ${speedFigures(speeds)}`]),
    `used since the start: ${[counted(spent.calls, 'call'), counted(spent.thinkingTokens, 'thinking token'), counted(spent.answerTokens, 'answer token'), ...(spent.cost === undefined ? [] : [`cost ${costText(spent.cost)}`])].join(', ')}`,
  ];
}

export function promptsLine(engine: Status['engine'], countedBy: NonNullable<Status['facts']>['countedBy']): string {
  const way = engine?.prompts === 'messages' ? 'over chat completions' : 'over token ids';
  return `${way}; tokens counted by ${countedBy}`;
}

export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

export function speedFigures({ tokensPerSecond, firstTokenMs, continuationMs }: Speeds): string {
  return [
    ...(tokensPerSecond === undefined ? [] : [`${tokensPerSecond.toFixed(1)} tokens/s`]),
    ...(firstTokenMs === undefined ? [] : [`first token after ${Math.round(firstTokenMs)} ms`]),
    ...(continuationMs === undefined ? [] : [`after a cut the answer begins within ${Math.round(continuationMs)} ms`]),
  ].join(', ');
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
