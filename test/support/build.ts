/** Once before all tests: what is tested as a program is the program as it is now, not as it was last built. */
import { execFileSync } from 'node:child_process';

export function setup(): void {
  execFileSync(process.execPath, ['--import', 'tsx', 'bundle.config.ts'], { stdio: 'inherit' });
}
