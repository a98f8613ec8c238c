/**
 * Takes the place of the SDK's `_shims` in the bundle (`bundle.config.ts`). The SDK constructs Ajv at every start, but
 * needs a validator only for elicitation, which thinkmeter does not use. The SDK's other validator is a fifth of the size.
 */
export { CfWorkerJsonSchemaValidator as DefaultJsonSchemaValidator } from '@modelcontextprotocol/server/validators/cf-worker';
export { default as process } from 'node:process';
