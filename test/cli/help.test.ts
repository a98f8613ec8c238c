/** `--help`: what belongs to a command stands before the settings that most commands share. */
import { describe, expect, test } from 'vitest';
import { createProgram, type Actions } from '../../src/cli/program.ts';
import { SETTINGS } from '../../src/config/options.ts';

function helpOf(name?: string): string {
  const program = createProgram({} as Actions, { out: () => undefined, err: () => undefined });
  const command = name === undefined ? program : program.commands.find((it) => it.name() === name);
  return command?.helpInformation() ?? '';
}

/** The flags below a heading. */
function flagsUnder(help: string, heading: string): string[] {
  const [, section = ''] = help.split(`\n${heading}:\n`);
  return [...(section.split('\n\n')[0] ?? '').matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)].map(([, flag = '']) => flag);
}

const settings = Object.values(SETTINGS).map(({ flag }) => flag);

describe('own options come first, settings have a heading of their own', () => {
  test.each([
    { command: 'ask', own: ['--budget', '--complexity', '--answer-tokens', '--json', '--quiet', '--help'] },
    { command: 'init', own: ['--yes', '--print', '--project', '--help'] },
    { command: 'demo', own: ['--help'] },
    { command: 'doctor', own: ['--json', '--help'] },
    { command: 'monitor', own: ['--every', '--probe', '--once', '--json', '--help'] },
    { command: undefined, own: ['--version', '--help'] },
  ])('$command', ({ command, own }) => {
    const help = helpOf(command);
    expect(flagsUnder(help, 'Options')).toEqual(own);
    expect(flagsUnder(help, 'Settings')).toEqual(settings);
    expect(help.indexOf('\nOptions:')).toBeLessThan(help.indexOf('\nSettings:'));
  });

  test('serve-model has no settings', () => {
    expect(helpOf('serve-model')).not.toContain('Settings:');
  });
});
