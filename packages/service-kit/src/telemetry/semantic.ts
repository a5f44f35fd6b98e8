import type { Attributes } from '@opentelemetry/api';
import type { CloudEvent } from '@standing-order/contracts';

/**
 * The attribute keys of OpenTelemetry's semantic conventions that services use. Those for messaging and CloudEvents are still in
 * status "Development" and may be renamed, so only this file spells them out.
 */
export const ATTRIBUTE_KEYS = {
  httpMethod: 'http.request.method',
  httpRoute: 'http.route',
  httpStatus: 'http.response.status_code',
  urlPath: 'url.path',
  errorType: 'error.type',
  rpcSystem: 'rpc.system',
  rpcService: 'rpc.service',
  rpcMethod: 'rpc.method',
  messagingSystem: 'messaging.system',
  messagingDestination: 'messaging.destination.name',
  messagingOperationType: 'messaging.operation.type',
  messagingOperationName: 'messaging.operation.name',
  messagingMessageId: 'messaging.message.id',
  messagingBatchCount: 'messaging.batch.message_count',
  eventId: 'cloudevents.event_id',
  eventType: 'cloudevents.event_type',
  eventSource: 'cloudevents.event_source',
  eventSubject: 'cloudevents.event_subject',
} as const;

/** Attributes of the span of an operation on a topic. The system is Dapr, since the broker behind the sidecar is not known here. */
export const topicAttributes = (topic: string, operation: 'send' | 'receive' | 'process'): Attributes => ({
  [ATTRIBUTE_KEYS.messagingSystem]: 'dapr',
  [ATTRIBUTE_KEYS.messagingDestination]: topic,
  [ATTRIBUTE_KEYS.messagingOperationType]: operation,
  [ATTRIBUTE_KEYS.messagingOperationName]: operation,
});

/** Attributes of the span of an operation on one message. */
export const messageAttributes = (topic: string, operation: 'send' | 'process', event: CloudEvent): Attributes => ({
  ...topicAttributes(topic, operation),
  [ATTRIBUTE_KEYS.messagingMessageId]: event.id,
  [ATTRIBUTE_KEYS.eventId]: event.id,
  [ATTRIBUTE_KEYS.eventType]: event.type,
  [ATTRIBUTE_KEYS.eventSource]: event.source,
  [ATTRIBUTE_KEYS.eventSubject]: event.subject,
});
