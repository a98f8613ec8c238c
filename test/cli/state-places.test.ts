/** The state file in places where no file can be: calls are answered, and the status and the commands say why nothing is kept. */
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { connect } from '../support/connect.ts';
import { thinks } from '../support/fake-vllm/scripts.ts';
import { ENTRY, runProgram } from '../support/program.ts';
import { startFake } from '../support/start-fake.ts';

const folder = mkdtempSync(join(tmpdir(), 'thinkmeter-places-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
// other users pass through
chmodSync(folder, 0o755);

/** A user without rights, and without an entry in the list of users. */
const NOBODY = 64_321;
const isRoot = process.getuid?.() === 0;
/** The program as that user. Root may write everywhere, whatever the modes are. */
const AS_NOBODY = `process.setgroups([]); process.setgid(${NOBODY}); process.setuid(${NOBODY});`;

const node = (script: string): [string, ...string[]] => [
  process.execPath,
  '--import',
  `data:text/javascript,${encodeURIComponent(script)}`,
  ENTRY,
];

const below = (name: string, ...more: string[]): string => join(folder, name, ...more);

type Place = {
  readonly name: string;
  readonly why: string;
  readonly asNobody?: true;
  /** before the program is loaded */
  readonly script?: string;
  /** Makes the place, and returns the settings. */
  readonly make: () => Record<string, string>;
};

const CANNOT = 'cannot be written';
const NO_HOME = 'home folder is known';

const PLACES: readonly Place[] = [
  {
    name: 'below a file',
    why: CANNOT,
    make: () => {
      writeFileSync(below('file'), '');
      return { THINKMETER_STATE: below('file', 'state.db') };
    },
  },
  {
    name: 'a name that is too long',
    why: 'cannot be used',
    make: () => ({ THINKMETER_STATE: below('x'.repeat(300)) }),
  },
  {
    name: 'a link to itself',
    why: 'cannot be used',
    make: () => {
      symlinkSync(below('loop'), below('loop'));
      return { THINKMETER_STATE: below('loop') };
    },
  },
  {
    name: 'a folder where the file should be',
    why: CANNOT,
    make: () => {
      mkdirSync(below('taken', 'thinkmeter.db'), { recursive: true });
      return { THINKMETER_STATE: below('taken') };
    },
  },
  {
    name: 'a folder of another user',
    why: CANNOT,
    asNobody: true,
    make: () => {
      mkdirSync(below('private'), { mode: 0o700 });
      return { THINKMETER_STATE: below('private', 'state.db') };
    },
  },
  {
    name: 'a folder that may only be read',
    why: CANNOT,
    asNobody: true,
    make: () => {
      mkdirSync(below('readable'), { mode: 0o755 });
      return { THINKMETER_STATE: below('readable', 'state.db') };
    },
  },
  {
    name: 'a file that may be written, in a folder that may not',
    why: CANNOT,
    asNobody: true,
    make: () => {
      mkdirSync(below('half'), { mode: 0o755 });
      writeFileSync(below('half', 'state.db'), '');
      chownSync(below('half', 'state.db'), NOBODY, NOBODY);
      return { THINKMETER_STATE: below('half', 'state.db') };
    },
  },
  {
    name: 'a file that may only be read',
    why: CANNOT,
    asNobody: true,
    make: () => {
      mkdirSync(below('locked'));
      writeFileSync(below('locked', 'state.db'), '', { mode: 0o444 });
      chownSync(below('locked'), NOBODY, NOBODY);
      return { THINKMETER_STATE: below('locked', 'state.db') };
    },
  },
  {
    name: 'a home folder that may not be written',
    why: CANNOT,
    asNobody: true,
    make: () => {
      mkdirSync(below('home'), { mode: 0o755 });
      return { THINKMETER_STATE: '', XDG_STATE_HOME: '', HOME: below('home') };
    },
  },
  {
    name: 'an empty HOME',
    why: NO_HOME,
    make: () => ({ THINKMETER_STATE: '', XDG_STATE_HOME: '', HOME: '' }),
  },
  {
    name: 'no HOME, and a user who is not in the list of users',
    why: NO_HOME,
    asNobody: true,
    script: `delete process.env['HOME'];`,
    make: () => ({ THINKMETER_STATE: '', XDG_STATE_HOME: '' }),
  },
];

test.for(PLACES)('$name', async ({ why, asNobody, script = '', make }, { skip }) => {
  if (asNobody === true && !isRoot) skip('only root can become another user');
  const env = make();
  const command = node(`${script} ${asNobody === true ? AS_NOBODY : ''}`);
  const fake = await startFake({ script: thinks('Two and two.', 'It is 4.') });
  const client = await connect({ fake, env, command });
  for (let call = 0; call < 2; call += 1) {
    expect(await client.call('reason', { question: 'What is 2 + 2?' })).toMatchObject({ isError: false });
  }
  await expect.poll(async () => JSON.stringify((await client.call('server_status', {})).structured)).toContain(why);
  await client.close();
  for (const name of ['runs', 'usage']) {
    const { code, stderr } = await runProgram({ args: [name], env, command });
    expect([code, stderr]).toEqual([1, expect.stringContaining(why)]);
  }
  expect(existsSync('.local')).toBe(false);
});

test('an empty file becomes a state file', async () => {
  const env = { THINKMETER_STATE: below('empty.db') };
  writeFileSync(env.THINKMETER_STATE, '');
  const fake = await startFake({ script: thinks('Two and two.', 'It is 4.') });
  const client = await connect({ fake, env });
  await client.call('reason', { question: 'What is 2 + 2?' });
  await client.close();
  const { stdout } = await runProgram({ args: ['runs', '--json'], env });
  expect((JSON.parse(stdout) as { runs: readonly unknown[] }).runs).toHaveLength(1);
});
