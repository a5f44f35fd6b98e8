export { type Connection, type ConnectionOptions, createConnection } from './connection.ts';
export type { DeadLetter } from './dead-letter.ts';
export type { HandlingResult } from './delivery.ts';
export { createEvent, type EventDraft, type SentEvent } from './event.ts';
export { type RepliesOptions, type ReplyContent, sendReplies } from './replies.ts';
export {
  createSidecarEnvironment,
  runSidecarService,
  type SidecarEnvironment,
  type SidecarServiceParts,
} from './service.ts';
export { createSidecar } from './sidecar.ts';
export { type ReceivedMessage, type Subscription, subscribe } from './subscription.ts';
export * from './types.ts';
