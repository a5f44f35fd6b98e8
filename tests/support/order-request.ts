import type { CloudEvent } from '@standing-order/contracts';
import { createEvent } from '@standing-order/dapr';
import { GOOD_ORDER } from './platform-fixture.ts';

/** A CreateOrder message of a client, without the client library. `content` replaces fields of its data. */
export const orderRequestOf = (client: string, correlationId: string, content: object = {}): CloudEvent =>
  createEvent({
    id: `${correlationId}-1`,
    source: `/client/${client}`,
    type: 'com.standing-order.create-order.v1',
    subject: correlationId,
    time: Date.now(),
    trace: undefined,
    data: { correlationId, replyTo: client, request: GOOD_ORDER, ...content },
  });
