export type { BrokerKind } from './dapr/broker.ts';
export type { Resource } from './dapr/resource.ts';
export type { StoreKind } from './dapr/state.ts';
export type { PlatformOptions } from './options.ts';
export type { PartKind, PartState, PartView } from './parts/spec.ts';
export { type Platform, startPlatform } from './platform.ts';
export { findPortBase, type ServiceName } from './ports.ts';
