/** The numbers that options take, read in the same way by every command. */
import { InvalidInputError } from '../errors.ts';

/** Both ends belong to it. `of`: what is counted, for the sentence. */
export type Range = {
  readonly least: number;
  readonly most: number;
  readonly whole?: boolean;
  readonly of?: 'seconds';
};

/** `text`: digits, with a decimal point unless the number must be whole. @throws {InvalidInputError} */
export function numberOption(flag: string, text: string, { least, most, whole = false, of }: Range): number {
  const value = (whole ? /^[1-9]\d*$|^0$/ : /^(\d+\.?\d*|\.\d+)$/).test(text.trim()) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  const kind = `${whole ? 'whole ' : ''}number${of === undefined ? '' : ` of ${of}`}`;
  throw new InvalidInputError(`${flag} is ${text}, but must be a ${kind} from ${least} to ${most}`, {
    hint: 'the --help of the command explains its options',
  });
}
