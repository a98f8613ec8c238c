import { expect, test } from 'vitest';
import { connect } from '../support/connect.ts';
import { describeSetup } from './suite.ts';

describeSetup(
  'thinkmeter-demo without a parser, with a key',
  { model: 'thinkmeter-demo', args: [], apiKey: 'sesame', native: 'refuses', besides: 'the contract of engines' },
  (started) => {
    test.each([
      ['a wrong key', { THINKMETER_API_KEY: 'open-says-me' }],
      ['no key', {}],
    ])('%s gets a sentence that names the setting, and no key', async (_, env) => {
      const client = await connect({ env: { THINKMETER_BASE_URL: started().vllm.url, ...env } });
      const { isError, text } = await client.call('reason', { question: '1 + 1' });
      await client.close();
      expect(isError).toBe(true);
      expect(text).toContain('THINKMETER_API_KEY');
      expect(text).not.toContain('open-says-me');
    });
  },
);
