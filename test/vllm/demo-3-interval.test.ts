import { describeSetup } from './suite.ts';

// eight ids a chunk with one text: where a token ends has to be asked for
describeSetup('thinkmeter-demo-3 without a parser, with --stream-interval 8', {
  model: 'thinkmeter-demo-3',
  args: ['--stream-interval', '8'],
  native: 'refuses',
  besides: 'the contract of engines',
});
