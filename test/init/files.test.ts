/** Files of other programs on the disk: replaced whole, with their mode, behind their links, and never lost. */
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { backUp, readSettings, usedFile, writeSettings } from '../../src/init/files.ts';

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'thinkmeter-init-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const modeOf = (path: string): number => statSync(path).mode & 0o777;

async function rewrite(path: string, text: string): Promise<void> {
  await writeSettings(await readSettings(path), text);
}

test('of several files the first that exists is used, else the first whose folder is there', async () => {
  const home = folder();
  const packaged = { path: join(home, 'package', 'c.json'), ifThere: join(home, 'package') };
  const usual = { path: join(home, 'c.json') };
  const candidates = [packaged, usual];
  expect(await usedFile(candidates)).toBe(usual.path);
  mkdirSync(packaged.ifThere);
  expect(await usedFile(candidates)).toBe(packaged.path);
  writeFileSync(usual.path, '{}');
  expect(await usedFile(candidates)).toBe(usual.path);
  writeFileSync(packaged.path, '{}');
  expect(await usedFile(candidates)).toBe(packaged.path);
});

test('a new file is readable by its owner only, and its folders are created', async () => {
  const path = join(folder(), 'a', 'b', 'mcp.json');
  await rewrite(path, '{}');
  expect(readFileSync(path, 'utf8')).toBe('{}');
  expect(modeOf(path)).toBe(0o600);
});

test('the mode stays, whatever the umask, and no other file is left', async () => {
  const home = folder();
  for (const mode of [0o664, 0o600, 0o666]) {
    const path = join(home, 'mcp.json');
    writeFileSync(path, 'old');
    chmodSync(path, mode);
    // oxlint-disable-next-line no-await-in-loop -- one file, one mode after the other
    await rewrite(path, 'new');
    expect(modeOf(path)).toBe(mode);
    expect(readFileSync(path, 'utf8')).toBe('new');
  }
  expect(readdirSync(home)).toEqual(['mcp.json']);
});

test('a link stays a link, and its file is replaced, also if that is missing', async () => {
  const home = folder();
  const [path, target] = [join(home, 'mcp.json'), join(home, 'dotfiles', 'mcp.json')];
  mkdirSync(join(home, 'dotfiles'));
  symlinkSync(join('dotfiles', 'mcp.json'), path);
  await rewrite(path, 'first');
  await rewrite(path, 'second');
  expect(readlinkSync(path)).toBe(join('dotfiles', 'mcp.json'));
  expect(readFileSync(target, 'utf8')).toBe('second');
});

test('a byte order mark stays', async () => {
  const path = join(folder(), 'mcp.json');
  writeFileSync(path, '\uFEFF{}');
  const settings = await readSettings(path);
  expect(settings).toMatchObject({ text: '{}', bom: true });
  await writeSettings(settings, '{"a":1}');
  expect(readFileSync(path, 'utf8')).toBe('\uFEFF{"a":1}');
});

test('a file that is not UTF-8 is refused', async () => {
  const path = join(folder(), 'mcp.json');
  writeFileSync(path, Buffer.from('\uFEFF{}', 'utf16le'));
  await expect(readSettings(path)).rejects.toThrow('is not UTF-8 text');
});

test('a folder in the place of the file is an error with its name', async () => {
  const path = folder();
  await expect(readSettings(path)).rejects.toThrow(`could not read ${path} (EISDIR)`);
});

// root may write everywhere
test.skipIf(process.getuid?.() === 0)('a file that its owner made read-only is not replaced', async () => {
  const path = join(folder(), 'mcp.json');
  writeFileSync(path, 'old');
  chmodSync(path, 0o444);
  await expect(rewrite(path, 'new')).rejects.toThrow(`could not write ${path} (EACCES)`);
  expect(readFileSync(path, 'utf8')).toBe('old');
});

test('a backup never replaces an older one, and equal content needs no second one', async () => {
  const home = folder();
  const path = join(home, 'mcp.json');
  expect(await backUp(path)).toBeUndefined();
  writeFileSync(path, 'one');
  expect(await backUp(path)).toBe(`${path}.bak`);
  expect(await backUp(path)).toBeUndefined();
  writeFileSync(path, 'two');
  expect(await backUp(path)).toBe(`${path}.bak.2`);
  writeFileSync(path, 'one');
  expect(await backUp(path)).toBeUndefined();
  expect(readFileSync(`${path}.bak`, 'utf8')).toBe('one');
  expect(readFileSync(`${path}.bak.2`, 'utf8')).toBe('two');
});
