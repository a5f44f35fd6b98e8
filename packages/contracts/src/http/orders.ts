import { z } from 'zod';
import { localCopiesState, parkedOrders, retryResult, waitingOrders } from '../admin.ts';
import { HTTP_STYLES, orderRequest } from '../order.ts';
import { idempotencyKeyHeader, ifNoneMatchHeader, preferHeader } from './headers.ts';
import type { Api, Operation, Parameter, SuccessResponse } from './operation.ts';
import { ID, id, order, pending, rejected, request, validated } from './order-examples.ts';
import { ORDER_UPDATE_OPERATIONS } from './order-updates.ts';

const orderStyleHeader: Parameter = {
  name: 'Order-Style',
  in: 'header',
  description: 'The interaction style of this order. Requires STYLE_OVERRIDE=allowed; 403 otherwise.',
  schema: z.enum(HTTP_STYLES),
  example: 'synchronous',
};

const placed = (description: string, example: object): SuccessResponse => ({
  description,
  headers: ['Location', 'Preference-Applied'],
  content: order(example),
});

const placeOrder: Operation = {
  id: 'placeOrder',
  method: 'post',
  path: '/orders',
  access: 'client',
  summary: 'Place an order',
  description:
    'The interaction style determines the response and its time. After a 2xx response the order is stored durably.',
  parameters: [idempotencyKeyHeader, preferHeader, orderStyleHeader],
  body: { name: 'OrderRequest', schema: orderRequest, example: request },
  responses: {
    200: placed('The order was stored, and then rejected or expired while the request waited.', rejected),
    201: placed('The order was stored and is VALIDATED.', validated),
    202: placed(
      'The order was stored and is PENDING. A retry with the same Idempotency-Key returns the same order.',
      pending,
    ),
  },
  problems: ['forbidden', 'order-rejected', 'idempotency-key-reused', 'unavailable', 'outcome-unknown'],
};

const getOrder: Operation = {
  id: 'getOrder',
  method: 'get',
  path: '/orders/{id}',
  access: 'client',
  summary: 'Read an order',
  parameters: [id, ifNoneMatchHeader, preferHeader],
  responses: {
    200: { description: 'The current order.', headers: ['ETag', 'Preference-Applied'], content: order(validated) },
    304: { description: 'The order still has this ETag.', headers: ['ETag'] },
  },
  problems: ['unavailable'],
};

const administration: readonly Operation[] = [
  {
    id: 'stuckOrders',
    method: 'get',
    path: '/stuck-orders',
    access: 'admin',
    summary: 'Parked orders of this replica',
    responses: {
      200: {
        description:
          'Orders that are parked after too many unanswered attempts, as far as this replica keeps them in memory.',
        content: {
          name: 'StuckOrders',
          schema: parkedOrders,
          example: { orders: [{ id: ID, channels: ['consumer'], attempts: 8, since: '2026-11-22T09:00:00.000Z' }] },
        },
      },
    },
  },
  {
    id: 'waitingOrders',
    method: 'get',
    path: '/waiting-orders',
    access: 'admin',
    summary: 'Orders of this replica whose replies are pending',
    description:
      'How many orders wait for which replies, since when, how often their commands were sent and when they are sent next. ' +
      'Each replica reports its own orders.',
    responses: {
      200: {
        description: 'The waiting orders: a summary of each channel, and the oldest orders.',
        content: {
          name: 'WaitingOrders',
          schema: waitingOrders,
          example: {
            stored: 42,
            loaded: 42,
            channels: [
              {
                channel: 'consumer',
                inFlight: 42,
                blocked: 0,
                parked: 0,
                oldest: '2026-11-22T09:00:00.000Z',
                attempts: 9,
                nextAttempt: '2026-11-22T09:40:05.000Z',
              },
            ],
            orders: [
              {
                id: ID,
                since: '2026-11-22T09:00:00.000Z',
                commands: [
                  { channel: 'consumer', state: 'in-flight', attempts: 9, nextAttempt: '2026-11-22T09:40:05.000Z' },
                ],
              },
            ],
          },
        },
      },
    },
  },
  {
    id: 'retryOrder',
    method: 'post',
    path: '/orders/{id}/retry',
    access: 'admin',
    summary: 'Retry a parked order',
    parameters: [id],
    responses: {
      200: {
        description: 'The order is complete; there is no command to send.',
        content: { name: 'Retried', schema: retryResult, example: { id: ID, outcome: 'done' } },
      },
      202: {
        description: 'The order is queued again.',
        content: { name: 'Retried', schema: retryResult, example: { id: ID, outcome: 'retried' } },
      },
    },
    problems: ['unavailable'],
  },
  {
    id: 'replicas',
    method: 'get',
    path: '/replicas',
    access: 'admin',
    summary: 'Local copies of consumers and restaurants in this replica, with their staleness',
    responses: {
      200: {
        description: 'The state of both local copies.',
        content: {
          name: 'Replicas',
          schema: localCopiesState,
          example: {
            consumer: { staleness: 1.2, fresh: true, entities: 1, sequences: [1] },
            restaurant: { staleness: null, fresh: false, entities: 0, sequences: [0] },
          },
        },
      },
    },
  },
];

/** The HTTP API of the order service. */
export const orderApi: Api = {
  service: 'order',
  title: 'Standing Order: orders',
  tag: 'Orders',
  description: 'Accepts orders while the services behind it are down, and reports their outcomes.',
  operations: [
    placeOrder,
    getOrder,
    ...ORDER_UPDATE_OPERATIONS,
    ...administration.map((operation) => ({ ...operation, tag: 'Administration' as const })),
  ],
};
