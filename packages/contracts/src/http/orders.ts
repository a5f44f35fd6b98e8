import { z } from 'zod';
import { replicasState, retried, stuckOrders } from '../admin.ts';
import { HTTP_STYLES, orderRequest } from '../order.ts';
import { idempotencyKeyHeader, ifNoneMatchHeader, preferHeader } from './headers.ts';
import { ORDER_UPDATE_OPERATIONS } from './hearing.ts';
import type { Answer, Api, Operation, Parameter } from './operation.ts';
import { ID, id, order, pending, rejected, request, validated } from './order-contents.ts';

const orderStyleHeader: Parameter = {
  name: 'Order-Style',
  in: 'header',
  description: 'The interaction style of this one order, where STYLE_OVERRIDE=allowed; elsewhere 403.',
  schema: z.enum(HTTP_STYLES),
  example: 'synchronous',
};

const placed = (description: string, example: object): Answer => ({
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
    'What is answered, and when, depends on the interaction style. An order that is answered 2xx is stored and is never lost.',
  parameters: [idempotencyKeyHeader, preferHeader, orderStyleHeader],
  body: { name: 'OrderRequest', schema: orderRequest, example: request },
  answers: {
    200: placed('It was taken, and then refused, or its time ran out, while the request waited.', rejected),
    201: placed('It is decided: VALIDATED.', validated),
    202: placed('It is taken, and will be decided. A retry with the same Idempotency-Key is answered alike.', pending),
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
  answers: {
    200: { description: 'As it is now.', headers: ['ETag', 'Preference-Applied'], content: order(validated) },
    304: { description: 'As it was when it had this ETag.', headers: ['ETag'] },
  },
  problems: ['unavailable'],
};

const running: readonly Operation[] = [
  {
    id: 'stuckOrders',
    method: 'get',
    path: '/stuck-orders',
    access: 'admin',
    summary: 'Orders that this replica has asked about in vain',
    answers: {
      200: {
        description: 'Those that it remembers.',
        content: {
          name: 'StuckOrders',
          schema: stuckOrders,
          example: { orders: [{ id: ID, channels: ['consumer'], attempts: 8, since: '2026-11-22T09:00:00.000Z' }] },
        },
      },
    },
  },
  {
    id: 'retryOrder',
    method: 'post',
    path: '/orders/{id}/retry',
    access: 'admin',
    summary: 'Start over with an order that is stuck',
    parameters: [id],
    answers: {
      200: {
        description: 'Nothing is left to do for it.',
        content: { name: 'Retried', schema: retried, example: { id: ID, outcome: 'done' } },
      },
      202: {
        description: 'It is in line again.',
        content: { name: 'Retried', schema: retried, example: { id: ID, outcome: 'retried' } },
      },
    },
    problems: ['unavailable'],
  },
  {
    id: 'replicas',
    method: 'get',
    path: '/replicas',
    access: 'admin',
    summary: 'What this replica knows of consumers and restaurants, and how stale that can be',
    answers: {
      200: {
        description: 'For both owners.',
        content: {
          name: 'Replicas',
          schema: replicasState,
          example: {
            consumer: { staleness: 1.2, fresh: true, entities: 1, sequences: [1] },
            restaurant: { staleness: null, fresh: false, entities: 0, sequences: [0] },
          },
        },
      },
    },
  },
];

/** What the order service offers. */
export const orderApi: Api = {
  service: 'order',
  title: 'Standing Order: orders',
  description: 'Takes orders while what stands behind it is down, and tells what became of them.',
  operations: [placeOrder, getOrder, ...ORDER_UPDATE_OPERATIONS, ...running],
};
