/** The install links, read as the two clients read them. */
import { expect, test } from 'vitest';
import { installLinks, installLinksText } from '../../distribution/links.ts';

function query(client: string): URLSearchParams {
  return new URL(installLinks().find((link) => link.client === client)?.url ?? '').searchParams;
}

test('Cursor decodes an entry from base64', () => {
  const { name, config = '' } = Object.fromEntries(query('cursor'));
  expect(name).toBe('thinkmeter');
  expect(JSON.parse(Buffer.from(config, 'base64').toString())).toEqual({ command: 'npx', args: ['-y', 'thinkmeter'] });
});

test('VS Code reads an entry as JSON', () => {
  const { name, config = '' } = Object.fromEntries(query('vscode'));
  expect(name).toBe('thinkmeter');
  expect(JSON.parse(config)).toEqual({ type: 'stdio', command: 'npx', args: ['-y', 'thinkmeter'] });
});

test('in Markdown, no character ends a link early', () => {
  expect(installLinksText()).toMatch(/^\[Add to Cursor\]\(https:[^\s()]+\) · \[Add to VS Code\]\(https:[^\s()]+\)$/);
});
