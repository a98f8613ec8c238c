/** A usage chunk without `choices` (ROCm/ATOM#1711, agentuniverse-ai/agentUniverse#772): it broke a stream that was complete. */
import { expect, onTestFinished, test } from 'vitest';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { complete } from '../../../../src/engine/remote/token-ids/completions.ts';
import { RemoteClient } from '../../../../src/engine/remote/http/client.ts';
import { Transport } from '../../../../src/engine/remote/http/transport.ts';
import { parseAddress } from '../../../../src/engine/remote/http/address.ts';
import { dialectNamed } from '../../../../src/engine/remote/server/recognise.ts';
import { forever } from '../../reading.ts';

async function serve(...events: readonly object[]): Promise<string> {
  const server: Server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const event of events) response.write(`data: ${JSON.stringify(event)}\n\n`);
    response.end('data: [DONE]\n\n');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const usage = { prompt_tokens: 3, completion_tokens: 2 };

test.each([{ usage }, { choices: null, usage }, { choices: [], usage }])(
  '%o ends the answer with its counts',
  async (last) => {
    const first = { choices: [{ text: 'four', token_ids: [7, 8], finish_reason: 'stop' }] };
    const client = new RemoteClient(new Transport({ address: parseAddress(await serve(first, last)) }));
    onTestFinished(() => client.close());
    const task = {
      client,
      model: 'm',
      dialect: dialectNamed('vllm'),
      encode: () => Promise.resolve([]),
      decode: () => Promise.resolve(''),
      signal: forever(),
    };
    const pieces = [];
    for await (const piece of complete(task, [1, 2, 3], { maxTokens: 4, sampling: {} })) pieces.push(piece);
    expect(pieces).toMatchObject([{ ids: [7, 8], text: 'four', usage: { promptTokens: 3, completionTokens: 2 } }]);
  },
);
