/** What is wrong with a request; each kind of server says it in its own shape. */
import { RequestError } from '../fake-vllm/answers.ts';

export function refuse(message: string, status = 400): never {
  throw new RequestError({ status, message, type: 'BadRequestError', param: null });
}
