/** What a reader of a tuning must know beside its numbers. */
import type { Verdict } from '../statistics/recommend.ts';

type Story = {
  readonly cases: number;
  readonly finished: number;
  readonly tolerancePoints: number;
  readonly saveAs: string | undefined;
  readonly verdict: Verdict;
  /** of cases and repeats */
  readonly results: number;
  /** results whose budgets were run separately */
  readonly apart: number;
  readonly isTimeOver: boolean;
  readonly isSettled: boolean;
  /** results taken over from an unfinished tuning */
  readonly resumed: number;
  /** numbers of cases, from 0 */
  readonly tooLong: readonly number[];
  /** budgets, and the number of cases after which each was dropped */
  readonly dropped: ReadonlyMap<number, number>;
};

export function sweepWarnings(story: Story): string[] {
  const { cases, finished, tolerancePoints, saveAs, verdict, results, apart, resumed, tooLong } = story;
  const dropped = [...story.dropped].map(([budget, after]) => `${budget} after ${after}`);
  const sentences: (string | false)[] = [
    apart > 0 && apart === results
      ? 'this server cannot continue a thought exactly, so each budget was run separately: that takes more tokens'
      : apart > 0 &&
        `in ${apart} of ${results} results each budget was run separately, because the server did not say in time that it continues a thought exactly`,
    resumed > 0 && `${resumed} results come from an earlier tuning of the same cases that was not finished`,
    tooLong.length > 0 &&
      `${tooLong.length} cases are too long for the server's window and were left out: ${listed(tooLong)}`,
    story.isTimeOver &&
      `max_seconds passed after ${finished} of ${cases} cases; call again with the same cases to go on from there`,
    dropped.length > 0 &&
      `budgets that are certainly worse were dropped (error rate 1 %): ${dropped.join(' cases, ')} cases`,
    story.isSettled &&
      finished < cases &&
      `stopped after ${finished} of ${cases} cases: the others could not have changed the recommendation`,
    verdict.kind === 'none' &&
      finished > 0 &&
      `every budget ${verdict.certain ? 'loses' : 'seems to lose'} more than ${tolerancePoints} points`,
    saveAs !== undefined &&
      verdict.kind !== 'budget' &&
      `nothing was saved as ${saveAs}, because no budget is recommended`,
  ];
  return sentences.filter((sentence) => sentence !== false);
}

function listed(numbers: readonly number[]): string {
  const shown = numbers.slice(0, 5).map((number) => `case ${number + 1}`);
  return numbers.length > 5 ? `${shown.join(', ')} and ${numbers.length - 5} more` : shown.join(', ');
}
