/**
 * An interface between a host and its model: where a request contains its tools and the results of calls, and how a turn
 * of the model is streamed. Only what the hosts of `installed.ts` read is written.
 */
export type Body = Readonly<Record<string, unknown>>;

/** `namespace`: Codex groups the tools of a server. */
export type OfferedTool = { readonly name: string; readonly namespace?: string };

/** A turn of the model: it calls a tool, or says something. */
export type Turn =
  | { readonly tool: OfferedTool; readonly args: Readonly<Record<string, unknown>> }
  | { readonly says: string };

export type ServerEvent = { readonly event?: string; readonly data: unknown };

export type Wire = {
  readonly path: RegExp;
  readonly tools: (body: Body) => readonly OfferedTool[];
  /** what the model gets of each call so far: a text, or the JSON of its parts */
  readonly results: (body: Body) => readonly string[];
  readonly events: (turn: Turn, model: string) => readonly ServerEvent[];
};

export type Part = Readonly<Record<string, unknown>>;

export function list(value: unknown): readonly Part[] {
  return Array.isArray(value) ? (value as readonly Part[]) : [];
}

/** Hosts send a result as one text, or as parts of which some are texts. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return value;
  const parts = list(value).map((part) => (typeof part['text'] === 'string' ? part['text'] : JSON.stringify(part)));
  return parts.length > 0 ? parts.join('\n') : JSON.stringify(value);
}

export const named = (part: Part | undefined): OfferedTool => ({ name: String(part?.['name'] ?? part?.['type']) });
