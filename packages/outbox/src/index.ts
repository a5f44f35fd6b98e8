export type * from './api.ts';
export { hash, laneOf } from './hash.ts';
export { createOutbox } from './outbox.ts';
export type * from './ports.ts';
export { defaultRules, type Rules } from './rules.ts';
export { UnfitStoreError } from './self-test.ts';
export { defaultSettings, type Settings } from './settings.ts';
