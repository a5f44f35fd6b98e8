import { z } from 'zod';
import { consumerId } from '../ids.ts';
import { ordersPage } from '../order.ts';
import type { Operation, Parameter, SuccessResponse } from './operation.ts';
import { id, pending, validated } from './order-examples.ts';

const consumer: Parameter = {
  name: 'id',
  in: 'path',
  description: "The consumer's id.",
  schema: consumerId,
  example: 'ada',
};

const lastEventId = (description: string, example: string): Parameter => ({
  name: 'Last-Event-ID',
  in: 'header',
  description: `The id of the last event that the client received, from any replica. ${description}`,
  schema: z.string(),
  example,
});

const eventStream = z.string();

const stream = (description: string, lastId: string): SuccessResponse => ({
  description,
  content: {
    name: 'OrderEvents',
    type: 'text/event-stream',
    schema: eventStream,
    example: `event: order\ndata: ${JSON.stringify(validated)}\nid: ${lastId}\n\n`,
  },
});

const LIMIT = '503 when the caller, or the replica, has too many open streams. HEAD opens none.';

const VERSION = 'Wp3PzXAZ7n9LQqYhXoxOCg';

/** The operations with which clients follow and list orders. */
export const ORDER_UPDATE_OPERATIONS: readonly Operation[] = [
  {
    id: 'orderEvents',
    method: 'get',
    path: '/orders/{id}/events',
    access: 'client',
    summary: 'Follow an order by server-sent events',
    description: `Each event \`order\` has the order at that time. The stream ends when the order is decided. ${LIMIT}`,
    parameters: [id, lastEventId('Only later events are sent.', VERSION)],
    responses: {
      200: stream('The states of the order.', VERSION),
      204: {
        description: 'The order is decided, and the client has received that event. The client must not reconnect.',
      },
    },
    problems: ['malformed-request', 'unavailable'],
  },
  {
    id: 'consumerOrders',
    method: 'get',
    path: '/consumers/{id}/orders',
    access: 'client',
    summary: "A consumer's orders, newest first",
    description:
      '404 with CONSUMER_ORDERS=off. An order appears in the list shortly after it was stored. 503 when the caller, or the replica, ' +
      'reads too many pages at a time.',
    parameters: [
      consumer,
      {
        name: 'before',
        in: 'query',
        description: 'Start of the page, from the link `next` of the previous page.',
        schema: z.int().min(1),
        example: 41,
      },
      {
        name: 'limit',
        in: 'query',
        description: 'Maximum number of orders on the page. Default 20.',
        schema: z.int().min(1).max(100),
        example: 20,
      },
    ],
    responses: {
      200: {
        description: 'A page, with a link to the next one.',
        headers: ['Link'],
        content: {
          name: 'OrdersPage',
          schema: ordersPage,
          example: { orders: [pending], next: '/consumers/ada/orders?before=41&limit=20' },
        },
      },
    },
    problems: ['forbidden', 'malformed-request', 'unavailable'],
  },
  {
    id: 'consumerOrdersEvents',
    method: 'get',
    path: '/consumers/{id}/orders/events',
    access: 'client',
    summary: "Follow a consumer's orders by server-sent events",
    description:
      'Each event `order` has one order at that time. A new client first receives the newest 20 orders. A client that reconnects ' +
      'receives every order that was undecided when it disconnected, so it receives some of them twice. 404 with CONSUMER_ORDERS=off. ' +
      LIMIT,
    parameters: [consumer, lastEventId('All orders up to it were decided and sent.', '41')],
    responses: { 200: stream("The states of the consumer's orders. The stream does not end.", '41') },
    problems: ['forbidden', 'malformed-request', 'unavailable'],
  },
];
