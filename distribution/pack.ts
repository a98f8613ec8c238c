/** `npm run mcpb` */
import packageJson from '../package.json' with { type: 'json' };
import { packBundle } from './bundle.ts';

await packBundle(`${packageJson.name}-${packageJson.version}.mcpb`, false);
