import { z } from 'zod';
import { entityId } from '../ids.ts';
import { ordersPage } from '../order.ts';
import type { Answer, Operation, Parameter } from './operation.ts';
import { id, pending, validated } from './order-contents.ts';

const consumerId: Parameter = {
  name: 'id',
  in: 'path',
  description: "The consumer's id.",
  schema: entityId,
  example: 'ada',
};

const lastEventId = (description: string, example: string): Parameter => ({
  name: 'Last-Event-ID',
  in: 'header',
  description: `The id of the last event that was heard, at whichever replica. ${description}`,
  schema: z.string(),
  example,
});

const events = z.string();

const stream = (description: string, lastId: string): Answer => ({
  description,
  content: {
    name: 'OrderEvents',
    type: 'text/event-stream',
    schema: events,
    example: `event: order\ndata: ${JSON.stringify(validated)}\nid: ${lastId}\n\n`,
  },
});

const VERSION = 'Wp3PzXAZ7n9LQqYhXoxOCg';

/** How clients hear what became of their orders, beside reading each one. */
export const ORDER_UPDATE_OPERATIONS: readonly Operation[] = [
  {
    id: 'orderEvents',
    method: 'get',
    path: '/orders/{id}/events',
    access: 'client',
    summary: 'Hear what becomes of an order, as server-sent events',
    description: 'Each event `order` is the order as it was then. The stream ends when the order is settled.',
    parameters: [id, lastEventId('Only what came after it is told.', VERSION)],
    answers: {
      200: stream('The states of the order.', VERSION),
      204: { description: 'The order is settled, and this event said so: there is nothing to come back for.' },
    },
    problems: ['malformed-request', 'unavailable'],
  },
  {
    id: 'consumerOrders',
    method: 'get',
    path: '/consumers/{id}/orders',
    access: 'client',
    summary: "A consumer's orders, newest first",
    description: 'With CONSUMER_ORDERS=off there are no such lists: 404. An order is there soon after it was taken.',
    parameters: [
      consumerId,
      {
        name: 'before',
        in: 'query',
        description: 'Where the page begins; as the link `next` of the page before has it.',
        schema: z.int().min(1),
        example: 41,
      },
      {
        name: 'limit',
        in: 'query',
        description: 'Most orders on the page. Default 20.',
        schema: z.int().min(1).max(100),
        example: 20,
      },
    ],
    answers: {
      200: {
        description: 'A page, and where the next one is.',
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
    summary: "Hear what becomes of a consumer's orders, as server-sent events",
    description:
      'Each event `order` is one order as it was then. A new client is told the newest 20 orders first; one that comes back, all ' +
      'that was not settled when it left, so that some of it is told twice. With CONSUMER_ORDERS=off: 404.',
    parameters: [consumerId, lastEventId('Up to it all was settled and told.', '41')],
    answers: { 200: stream("The states of the consumer's orders; it has no end.", '41') },
    problems: ['forbidden', 'malformed-request', 'unavailable'],
  },
];
