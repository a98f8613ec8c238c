/** What a call of a tool asks, if it continues an earlier run: read here for every tool that can. */
import { systemParts, type Part, type Question } from './prompt/question.ts';
import type { RunContext } from './tool.ts';

export type Asked = {
  /** of the tool */
  readonly instruction: string;
  /** empty: only the earlier question is asked */
  readonly parts: readonly Part[];
  /** the id of the earlier run, or the address of its record; absent: none is continued */
  readonly run?: string | undefined;
};

/** A link from a result names the run as well. */
const LINK = /^thinkmeter:\/\/runs\//;

/**
 * The earlier question, then the new one if there is one, and the thinking so far; without an earlier run, the new question.
 * @throws {InvalidInputError} if there is no such run
 */
export async function questionOf(
  { instruction, parts: asked, run }: Asked,
  { runner, defaults }: Pick<RunContext, 'runner' | 'defaults'>,
): Promise<Pick<Question, 'system' | 'user' | 'earlier'>> {
  if (run === undefined) return { system: systemParts(instruction, defaults.systemPrompt), user: asked };
  const { parts, thought } = await runner.earlier(run.trim().replace(LINK, ''));
  const user = asked.length === 0 ? parts.user : [...parts.user, { from: 'ours', text: '\n\n' } as const, ...asked];
  return { system: parts.system, user, ...(thought !== undefined && { earlier: thought }) };
}

/** A refinement of a tool's input: `field` may be left out only if a run is continued. */
export function orContinues<Field extends string>(
  field: Field,
): [
  (input: { readonly [Name in Field | 'continue_run']?: string | undefined }) => boolean,
  { readonly path: string[]; readonly when: () => boolean },
] {
  return [
    (input) => input[field] !== undefined || input.continue_run !== undefined,
    // also if another field is wrong: all that is wrong is said at once
    { path: [field], when: () => true },
  ];
}
