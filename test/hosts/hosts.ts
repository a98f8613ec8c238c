/** How each host is started with one prompt, so that it reaches nothing but a scripted model. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { HostName } from './installed.ts';

export type Host = {
  /** below its home, the file that `thinkmeter init` writes */
  readonly settings: string;
  /** files below its home that stand there before `thinkmeter init` */
  readonly files: (modelUrl: string) => Readonly<Record<string, string>>;
  readonly variables: (modelUrl: string) => Readonly<Record<string, string>>;
  readonly args: (prompt: string) => readonly string[];
  /** the parts of a result that its model gets */
  readonly passes: { readonly text: boolean; readonly structured: boolean; readonly link: boolean };
  /** what it does with a list that its model wrote as JSON text; `refused`: nothing is sent to the server */
  readonly listAsText: 'sent as text' | 'sent as list' | 'refused';
  /** after an interrupt it sends `notifications/cancelled`; otherwise it only drops the call */
  readonly cancelsCalls: boolean;
};

export const HOSTS: Readonly<Record<HostName, Host>> = {
  'claude-code': {
    settings: '.claude.json',
    files: () => ({}),
    variables: (modelUrl) => ({
      ANTHROPIC_BASE_URL: modelUrl,
      ANTHROPIC_API_KEY: 'none',
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      // on a busy machine, its first request would otherwise go out before the server is connected
      MCP_CONNECTION_NONBLOCKING: 'false',
    }),
    args: (prompt) => ['-p', prompt, '--allowedTools', 'mcp__thinkmeter__reason,mcp__thinkmeter__analyze_batch'],
    passes: { text: false, structured: true, link: true },
    listAsText: 'sent as list',
    cancelsCalls: true,
  },
  codex: {
    settings: '.codex/config.toml',
    files: (modelUrl) => ({
      '.codex/config.toml': `model = "scripted"
model_provider = "scripted"
check_for_update_on_startup = false

[model_providers.scripted]
name = "scripted"
base_url = "${modelUrl}/v1"
wire_api = "responses"
env_key = "SCRIPTED_KEY"
`,
    }),
    variables: () => ({ SCRIPTED_KEY: 'none' }),
    args: (prompt) => ['exec', '--skip-git-repo-check', prompt],
    passes: { text: false, structured: true, link: false },
    listAsText: 'sent as text',
    cancelsCalls: true,
  },
  opencode: {
    settings: '.config/opencode/opencode.json',
    files: (modelUrl) => ({
      '.config/opencode/opencode.json': JSON.stringify({
        autoupdate: false,
        share: 'disabled',
        model: 'scripted/scripted',
        provider: {
          scripted: {
            npm: '@ai-sdk/openai-compatible',
            options: { baseURL: `${modelUrl}/v1`, apiKey: 'none' },
            models: { scripted: { tool_call: true } },
          },
        },
      }),
    }),
    variables: () => ({ OPENCODE_DISABLE_MODELS_FETCH: '1', OPENCODE_DISABLE_AUTOUPDATE: '1' }),
    args: (prompt) => ['run', prompt],
    passes: { text: true, structured: false, link: false },
    listAsText: 'sent as text',
    cancelsCalls: true,
  },
  gemini: {
    settings: '.gemini/settings.json',
    files: () => ({
      '.gemini/settings.json': JSON.stringify({
        privacy: { usageStatisticsEnabled: false },
        general: { enableAutoUpdate: false, disableAutoUpdate: true },
        security: { auth: { selectedType: 'gemini-api-key' } },
      }),
    }),
    variables: (modelUrl) => ({
      GOOGLE_GEMINI_BASE_URL: modelUrl,
      GEMINI_API_KEY: 'none',
      GEMINI_CLI_TRUST_WORKSPACE: 'true',
    }),
    args: (prompt) => ['--model', 'gemini-2.5-flash', '--approval-mode', 'yolo', '--prompt', prompt],
    passes: { text: true, structured: false, link: true },
    listAsText: 'refused',
    cancelsCalls: false,
  },
};

export function writeFiles(home: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    const path = join(home, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}
