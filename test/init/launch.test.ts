/** The command that a client's file gets: it must work where the shell's PATH is not there, and stay valid. */
import { describe, expect, test } from 'vitest';
import { calledAs, commandFor, type Running } from '../../src/init/launch.ts';

const MAIN = '/home/me/thinkmeter/dist/main.js';

describe('the command', () => {
  const rows: readonly { name: string; running: Partial<Running>; shared?: boolean; command: readonly string[] }[] = [
    { name: 'a clone: absolute paths', running: {}, command: ['/usr/bin/node', MAIN] },
    {
      name: 'nvm: the Node that runs now, whatever the client would find',
      running: { node: '/home/me/.nvm/versions/node/v20.20.2/bin/node' },
      command: ['/home/me/.nvm/versions/node/v20.20.2/bin/node', MAIN],
    },
    {
      name: 'a global installation',
      running: { program: '/usr/lib/node_modules/thinkmeter/dist/main.js' },
      command: ['/usr/bin/node', '/usr/lib/node_modules/thinkmeter/dist/main.js'],
    },
    {
      name: 'npx, whose cache may be deleted',
      running: { program: '/home/me/.npm/_npx/1a2b/node_modules/thinkmeter/dist/main.js' },
      command: ['npx', '-y', 'thinkmeter'],
    },
    {
      name: 'npx on Windows, where it is a batch file',
      running: { program: 'C:\\npm-cache\\_npx\\1a\\node_modules\\thinkmeter\\dist\\main.js', platform: 'win32' },
      command: ['cmd', '/c', 'npx', '-y', 'thinkmeter'],
    },
    { name: 'a file that others share', running: {}, shared: true, command: ['npx', '-y', 'thinkmeter'] },
    {
      name: 'Homebrew, which deletes the folder of a version with the next one',
      running: { node: '/opt/homebrew/Cellar/node@20/20.19.1/bin/node' },
      command: ['/opt/homebrew/opt/node@20/bin/node', MAIN],
    },
  ];

  test.each(rows)('$name', ({ running, shared = false, command }) => {
    const { command: file, args } = commandFor(
      { node: '/usr/bin/node', program: MAIN, platform: 'linux', ...running },
      shared,
    );
    expect([file, ...args]).toEqual(command);
  });
});

test.each([
  { script: '/work/thinkmeter/dist/main.js', name: 'node dist/main.js' },
  { script: '/elsewhere/dist/main.js', name: 'node /elsewhere/dist/main.js' },
  { script: '/usr/local/bin/thinkmeter', name: 'thinkmeter' },
  { script: '/home/me/.npm/_npx/1a/node_modules/.bin/thinkmeter', name: 'npx thinkmeter' },
])('$script is called as $name', ({ script, name }) => {
  expect(calledAs(script, '/work/thinkmeter')).toBe(name);
});
