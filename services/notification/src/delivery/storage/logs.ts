import type { StateStore } from '@standing-order/dapr';
import { createPagedLog, type PagedLog } from '@standing-order/entity-store/paged-log';
import type { FinishedDelivery } from '../../domain/delivery-state.ts';
import { identityOf, type WebhookEvent } from '../../domain/event.ts';

/** A finished delivery in the delivery history. */
export interface HistoryEntry extends FinishedDelivery {
  readonly id: string;
}

/** The two logs of each endpoint. */
export interface EndpointLogs {
  /** The events that the endpoint is subscribed to. */
  readonly events: PagedLog<WebhookEvent>;
  /** The finished deliveries. */
  readonly history: PagedLog<HistoryEntry>;
}

/** Keys in the state store, by endpoint id. */
export const eventLogKey = (endpoint: string): string => `events:${endpoint}`;
export const historyKey = (endpoint: string): string => `history:${endpoint}`;
export const deliveryStateKey = (endpoint: string): string => `cursor:${endpoint}`;
export const leaseKey = (endpoint: string): string => `lease:${endpoint}`;

export const createEndpointLogs = (store: StateStore): EndpointLogs => ({
  events: createPagedLog<WebhookEvent>(store, { identityOf }),
  history: createPagedLog<HistoryEntry>(store),
});
