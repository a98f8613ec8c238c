import { describeSetup } from './suite.ts';

describeSetup('thinkmeter-demo-3 with a reasoning parser', {
  model: 'thinkmeter-demo-3',
  args: ['--reasoning-parser', 'nemotron_v3'],
  native: 'holds',
  besides: 'untrusted text',
});
