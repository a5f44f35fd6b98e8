export { requirePlatform } from './control/client.ts';
export { daprFiles } from './dapr/files.ts';
export { type Resource, withSettings } from './dapr/resource.ts';
export type { BrokerKind, StoreKind } from './dapr/source.ts';
export { DEFAULT_DATA_DIR, type PlatformOptions } from './options.ts';
export { type Platform, startPlatform } from './platform.ts';
export { brokerPort, findPortBase, isFree, type ServiceName, statePort } from './ports.ts';
export type { ProcessKind, ProcessState, ProcessView, Program } from './processes/spec.ts';
