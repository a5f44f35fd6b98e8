export * from './catalogue.ts';
export * from './openapi.ts';
export * from './operation.ts';
export * from './orders.ts';
export { COMMON_OPERATIONS } from './shared.ts';
export * from './webhooks.ts';
