/** The tools, in the order in which clients see them. */
import type { Tool } from '../src/tool.ts';
import { analyzeBatch } from './analyze-batch.ts';
import { answerFast } from './answer-fast.ts';
import { executeStep } from './execute-step.ts';
import { reason } from './reason.ts';
import { serverStatus } from './server-status.ts';
import { tuneBudget } from './tune-budget.ts';

export const tools: readonly Tool[] = [reason, answerFast, analyzeBatch, executeStep, tuneBudget, serverStatus];
