export { type BatchablePublication, type BatchPublisherOptions, publishInBatches } from './messages/batch.ts';
export type { DeadLetter } from './messages/dead-letter.ts';
export type { HandlingResult } from './messages/delivery-body.ts';
export { createEvent, type EventDraft, type SentEvent } from './messages/event.ts';
export { type RepliesOptions, type ReplyContent, sendReplies } from './messages/replies.ts';
export { type ReceivedMessage, type Subscription, subscribe } from './messages/subscription.ts';
export {
  createSidecarEnvironment,
  runSidecarService,
  type SidecarEnvironment,
  type SidecarServiceParts,
} from './service.ts';
export { createSidecar } from './sidecar/sidecar.ts';
export * from './types.ts';
