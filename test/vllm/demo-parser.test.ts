import { describeSetup } from './suite.ts';

describeSetup('thinkmeter-demo with a reasoning parser', {
  model: 'thinkmeter-demo',
  args: ['--reasoning-parser', 'nemotron_v3'],
});
