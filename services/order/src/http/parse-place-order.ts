import { type HttpStyle, MAX_ORDER_REQUEST_BYTES, orderRequest } from '@standing-order/contracts';
import { callerOf } from '@standing-order/service-kit/auth';
import { idempotencyKeyOf, readJsonBody } from '@standing-order/service-kit/http';
import { currentTrace } from '@standing-order/service-kit/telemetry';
import type { Context } from 'hono';
import type { PlaceOrderCommand } from '../styles/place-order.ts';
import { requireConsumer } from './authorize.ts';
import { type StyleSettings, styleOf } from './order-style-header.ts';

export interface ParsedPlaceOrder {
  readonly style: HttpStyle;
  readonly command: PlaceOrderCommand;
}

/** Reads and authorizes a request to place an order: style, Idempotency-Key, body, consumer. Throws a problem. */
export async function parsePlaceOrder(c: Context, settings: StyleSettings): Promise<ParsedPlaceOrder> {
  const style = styleOf(c, settings);
  const idempotencyKey = idempotencyKeyOf(c);
  const request = await readJsonBody(c, orderRequest, MAX_ORDER_REQUEST_BYTES);
  requireConsumer(c, request.consumerId);
  const { client } = callerOf(c);
  return { style, command: { request, client, idempotencyKey, trace: currentTrace() } };
}
