import * as z from 'zod';
import { statusSchema, toStatusResult } from '../src/status/schema.ts';
import { statusText } from '../src/status/text.ts';
import { defineTool } from '../src/tool.ts';

export const serverStatus = defineTool({
  name: 'server_status',
  title: 'State of the reasoning server',
  description:
    'Reports whether the model server is up, what it supports, its load, the tokens used so far, and how to fix problems. Generates nothing.',
  input: z.object({}),
  output: statusSchema,
  async run(_, { runner, signal, warnings }) {
    const status = await runner.status(signal);
    const text = [statusText(status), ...warnings.map((warning) => `note: ${warning}`)].join('\n');
    return { text, structured: { ...toStatusResult(status), ...(warnings.length > 0 && { warnings }) } };
  },
});
