/** The set-ups that differ in nothing but what the server makes of a budget: a server each. */
import { describeMechanismsOf } from './mechanisms.ts';
import type { VllmModel } from './server.ts';

const PARSER = ['--reasoning-parser', 'nemotron_v3'];
/** The closer that the models were trained on, forced by the server at its cut. */
const config = (end: string): string[] => [
  ...PARSER,
  '--reasoning-config',
  JSON.stringify({ reasoning_start_str: '<think>', reasoning_end_str: end }),
];

const demo: VllmModel = 'thinkmeter-demo';
const demo3: VllmModel = 'thinkmeter-demo-3';

describeMechanismsOf('demo, parser and --reasoning-config', { model: demo, args: config('\n</think>\n\n') }, 'ignores');
describeMechanismsOf('demo-3, parser and --reasoning-config', { model: demo3, args: config('\n</think>\n') }, 'holds');
describeMechanismsOf('demo, without a parser', { model: demo }, 'refuses');
describeMechanismsOf('demo-3, parser and key', { model: demo3, args: PARSER, apiKey: 'sesame' }, 'holds');
