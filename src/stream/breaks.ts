import { EngineProtocolError } from '../errors.ts';

export function brokeTwice(cause: unknown): EngineProtocolError {
  return new EngineProtocolError('the connection to the server broke twice during one call', {
    hint: 'look at the server and at what lies between',
    cause,
  });
}
