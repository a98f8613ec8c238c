/** Prompts, which clients offer as slash commands: each asks the client's model to use a tool in one of the common ways. */
import type { GetPromptResult, McpServer } from '@modelcontextprotocol/server';
import * as z from 'zod';
import { PROMPTS, type Prompt } from '../prompts.ts';

export function registerPrompts(server: McpServer): void {
  for (const prompt of PROMPTS) registerPrompt(server, prompt);
}

function registerPrompt(server: McpServer, { name, title, description, fields, text }: Prompt): void {
  const argsSchema = z.object(
    Object.fromEntries(
      Object.entries(fields).map(([field, { about, optional }]) => {
        const schema = z.string().describe(about);
        return [field, optional === true ? schema.optional() : schema];
      }),
    ),
  );
  server.registerPrompt(name, { title, description, argsSchema }, (given): GetPromptResult => {
    const values = given as Readonly<Record<string, string | undefined>>;
    return { description, messages: [{ role: 'user', content: { type: 'text', text: text(values) } }] };
  });
}
