export { COMMON_OPERATIONS } from './common-operations.ts';
export * from './entity-apis.ts';
export * from './openapi.ts';
export * from './operation.ts';
export * from './orders.ts';
export * from './webhooks.ts';
