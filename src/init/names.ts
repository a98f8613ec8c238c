/** The names of the clients, apart from their facts: the command line is loaded at every start. */
export const CLIENT_NAMES = [
  'claude-desktop',
  'claude-code',
  'cursor',
  'vscode',
  'codex',
  'gemini',
  'opencode',
  'windsurf',
  'zed',
  'cline',
] as const;

export type ClientName = (typeof CLIENT_NAMES)[number];
