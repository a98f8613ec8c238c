import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { stateFile, stateFolder } from '../../src/state/place.ts';

test.each([
  { platform: 'linux', env: {}, folder: '/home/a/.local/state/thinkmeter' },
  { platform: 'linux', env: { XDG_STATE_HOME: '/var/a' }, folder: '/var/a/thinkmeter' },
  { platform: 'linux', env: { XDG_STATE_HOME: 'relative' }, folder: '/home/a/.local/state/thinkmeter' },
  { platform: 'darwin', env: {}, folder: '/home/a/Library/Application Support/thinkmeter' },
  { platform: 'linux', env: { XDG_STATE_HOME: '/var/a' }, home: '', folder: '/var/a/thinkmeter' },
  { platform: 'linux', env: {}, home: '', folder: undefined },
  { platform: 'darwin', env: {}, home: '', folder: undefined },
  { platform: 'win32', env: { LOCALAPPDATA: '/local' }, folder: '/local/thinkmeter' },
])('on $platform with $env', ({ platform, env, home = '/home/a', folder }) => {
  expect(stateFolder({ platform, home, env })).toBe(folder);
});

test('the setting is a file, an existing folder, or :memory:', () => {
  const folder = mkdtempSync(join(tmpdir(), 'thinkmeter-place-'));
  expect(stateFile(undefined, '/state')).toEqual({ path: '/state/thinkmeter.db' });
  expect(stateFile(join(folder, 'own.db'), '/state')).toEqual({ path: join(folder, 'own.db') });
  expect(stateFile(folder, '/state')).toEqual({ path: join(folder, 'thinkmeter.db') });
  expect(stateFile(':memory:', '/state')).toEqual({ path: undefined });
  expect(stateFile(undefined, undefined)).toEqual({ path: undefined, problem: expect.stringContaining('no home') });
});
