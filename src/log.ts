/** Logs always go to stderr, because stdout belongs to the protocol. */
import { destination, pino, type Logger } from 'pino';

export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>;

const STDERR = 2;

export function createLog(level: string): Log {
  return pino(
    { level, base: null, timestamp: () => `,"time":"${new Date().toISOString()}"`, redact: ['apiKey', '*.apiKey'] },
    // synchronous, so that the last line before the end of the process is not lost
    destination({ dest: STDERR, sync: true }),
  );
}
