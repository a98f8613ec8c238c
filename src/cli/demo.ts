/** `thinkmeter demo`: two problems under five budgets, by a real model, through the real MCP server. */
import type { RunResult } from '../report/result.ts';
import { startServer, type ServerCommand } from '../mcp/client.ts';
import { toTable } from './table.ts';
import { StatusLine, type Terminal } from './terminal.ts';

const BUDGETS = [0, 64, 128, 256, 512];

const PROBLEMS = [
  { question: '2^10 + 3^5 - 4^3 = ?', answer: 1203 },
  { question: '12^2 + 345*7 - 2^9 + 678*3 - 19^2 + 4^5 = ?', answer: 4744 },
];

const ANSWER_TOKENS = 256;

/** `name`: how this program is called in the shell that it runs in. */
export async function demo(
  server: ServerCommand,
  name: string,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const status = new StatusLine(terminal);
  status.show('starting the MCP server …');
  const caller = await startServer(server);
  try {
    for (const { question, answer } of PROBLEMS) {
      const runs: RunResult[] = [];
      for (const thinking_budget of BUDGETS) {
        status.show(`${question}  budget ${thinking_budget} …`);
        // oxlint-disable-next-line no-await-in-loop -- one after the other, so that the times can be compared
        runs.push(await caller.call('reason', { question, thinking_budget, answer_tokens: ANSWER_TOKENS }, signal));
      }
      status.clear();
      const rows = runs.map((run) => toRow(run, answer));
      terminal.stdout.write(`${question}   (${runs[0]?.model ?? ''}; right: ${answer})\n\n`);
      terminal.stdout.write(`${toTable(['budget', 'thinking tokens', 'ended by', 'answer', '', 'time'], rows)}\n\n`);
    }
    terminal.stdout.write(nextSteps(name));
  } finally {
    status.clear();
    await caller.close();
  }
}

function nextSteps(name: string): string {
  return `Next:
  ${name} init      adds thinkmeter to your MCP client
  ${name} doctor    finds and tests your own model server
`;
}

function toRow({ thinking, answer, timing }: RunResult, right: number): string[] {
  const line = answer.replaceAll(/\s+/g, ' ');
  return [
    String(thinking.budget),
    String(thinking.tokens),
    thinking.ended_by,
    line.length > 44 ? `${line.slice(0, 43)}…` : line,
    isRight(answer, right) ? 'right' : 'wrong',
    `${timing.total_ms} ms`,
  ];
}

/** The last number said is the answer; thousands may be set apart. */
function isRight(answer: string, right: number): boolean {
  const numbers = answer.replaceAll(/(\d),(?=\d{3})/g, '$1').match(/-?\d+(\.\d+)?/g);
  return Number(numbers?.at(-1)) === right;
}
