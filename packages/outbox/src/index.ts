export type * from './api.ts';
export { StalenessDetector } from './membership/staleness.ts';
export { createOutbox } from './outbox.ts';
export { type PackOptions, packEntries } from './packing.ts';
export { DEFAULT_POLICIES, type Policies } from './policies.ts';
export type * from './ports.ts';
export { UnsupportedStoreError } from './self-test.ts';
export { DEFAULT_SETTINGS, type Settings } from './settings.ts';
export { hash, laneOf } from './util/hash.ts';
