import { orderId } from '../ids.ts';
import { orderView } from '../order.ts';
import type { Content, Parameter } from './operation.ts';

/** The id of the order in the examples. */
export const ID = '018f3c9e-7b1a-7c3d-8e4f-0123456789ab';
/** Example of the request for an order. */
export const request = { consumerId: 'ada', restaurantId: 'trattoria', lines: [{ itemId: 'soup', quantity: 2 }] };
/** Example of a pending order. */
export const pending = { id: ID, status: 'PENDING', ...request, createdAt: '2026-11-22T09:00:00.000Z', reasons: [] };
/** Example of a validated order. */
export const validated = {
  ...pending,
  status: 'VALIDATED',
  lines: [{ itemId: 'soup', name: 'Soup of the day', quantity: 2, unitPrice: 450, amount: 900 }],
  total: { amount: 900, currency: 'EUR' },
  settledAt: '2026-11-22T09:00:01.000Z',
};
/** Example of a rejected order. */
export const rejected = {
  ...pending,
  status: 'REJECTED',
  settledAt: '2026-11-22T09:00:01.000Z',
  reasons: [{ code: 'RESTAURANT_CLOSED', detail: 'trattoria is closed' }],
};

/** The content of a response with an order. */
export const order = (example: object): Content => ({ name: 'Order', schema: orderView, example });

/** Path parameter: the order's id. */
export const id: Parameter = { name: 'id', in: 'path', description: "The order's id.", schema: orderId, example: ID };
