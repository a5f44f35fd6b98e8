export type { Resource } from './dapr/resource.ts';
export type { BrokerKind, StoreKind } from './dapr/source.ts';
export type { PlatformOptions } from './options.ts';
export type { PartKind, PartState, PartView } from './parts/spec.ts';
export { type Platform, startPlatform } from './platform.ts';
export { findPortBase, type ServiceName } from './ports.ts';
