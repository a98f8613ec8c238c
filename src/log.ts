/** Logs go to stderr, always: stdout belongs to the protocol. */
import { destination, pino, type Logger } from 'pino';

export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>;

const STDERR = 2;

export function createLog(level: string): Log {
  return pino(
    { level, base: null, timestamp: () => `,"time":"${new Date().toISOString()}"`, redact: ['apiKey', '*.apiKey'] },
    // written at once: a last line before the end of the process is the one that matters
    destination({ dest: STDERR, sync: true }),
  );
}
