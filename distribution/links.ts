/** Links that add the package from npm to a client with one click, from the same table as `thinkmeter init`. */
import { CLIENTS } from '../src/init/clients.ts';
import { NAME } from '../src/init/entry.ts';
import { commandFor } from '../src/init/launch.ts';
import type { ClientName } from '../src/init/names.ts';

export type InstallLink = { readonly client: ClientName; readonly title: string; readonly url: string };

type Form = { readonly client: ClientName; readonly page: string; readonly encode: (entry: string) => string };

const FORMS: readonly Form[] = [
  {
    // cursor.com/docs/mcp/install-links; the page opens the link of its own scheme, which GitHub would remove
    client: 'cursor',
    page: 'https://cursor.com/en/install-mcp',
    encode: (entry) => Buffer.from(entry).toString('base64'),
  },
  {
    // code.visualstudio.com/api/extension-guides/ai/mcp, "Create an MCP installation URL"
    client: 'vscode',
    page: 'https://vscode.dev/redirect/mcp/install',
    encode: (entry) => entry,
  },
];

export function installLinks(): InstallLink[] {
  return FORMS.flatMap(({ client, page, encode }) => {
    const row = CLIENTS.find(({ name }) => name === client);
    if (row === undefined) return [];
    const npx = commandFor({ node: '', program: '', platform: 'linux' }, true);
    const { [row.variables]: _, ...entry } = row.entry({ ...npx, env: {} });
    const query = new URLSearchParams({ name: NAME, config: encode(JSON.stringify(entry)) });
    // a space as + is not decoded everywhere
    return [{ client, title: row.title, url: `${page}?${query.toString().replaceAll('+', '%20')}` }];
  });
}

export function installLinksText(): string {
  return installLinks()
    .map(({ title, url }) => `[Add to ${title}](${url})`)
    .join(' · ');
}
