import { redeliverRequest, webhookEventId } from '@standing-order/contracts';
import { ProblemError, pathParam, readJsonBody } from '@standing-order/service-kit/http';
import type { Hono } from 'hono';
import type { DeliveryRecord } from '../delivery/storage/delivery-log.ts';
import { statusOf } from '../domain/endpoint.ts';
import type { Hooks } from '../endpoints/endpoint-store.ts';
import { hookOf, outcomeUnknown } from './webhooks.ts';

export interface DeliveryRoutesParts {
  readonly hooks: Pick<Hooks, 'all'>;
  readonly record: DeliveryRecord;
  /** There is something new for these webhooks. */
  wake(hooks: readonly string[]): void;
}

const RETRY_AFTER_SECONDS = 30;

/** Adds GET /webhooks/{id}/deliveries, and POST to send again: one event, or all that were given up since a time. */
export function deliveryRoutes(app: Hono, { hooks, record, wake }: DeliveryRoutesParts): void {
  app.get('/webhooks/:id/deliveries', async (c) => c.json(await record.list((await hookOf(c, hooks)).id)));

  app.post('/webhooks/:id/deliveries/:eventId/redeliver', async (c) => {
    const hook = await hookOf(c, hooks);
    const { id } = hook;
    const eventId = pathParam(c, 'eventId', webhookEventId);
    switch (await record.again(id, eventId)) {
      case 'missing':
        throw new ProblemError('not-found', { detail: `${eventId} is not among the deliveries of /webhooks/${id}` });
      case 'full':
        throw new ProblemError('unavailable', {
          detail: 'too many deliveries are open',
          retryAfter: RETRY_AFTER_SECONDS,
        });
      case 'unknown':
        throw outcomeUnknown(`/webhooks/${id}/deliveries`);
      case 'again':
        wake([id]);
        return c.json({ redelivered: 1, left: 0, status: statusOf(hook) }, 202);
    }
  });

  app.post('/webhooks/:id/redeliver', async (c) => {
    const hook = await hookOf(c, hooks);
    const { id } = hook;
    const { failedSince } = await readJsonBody(c, redeliverRequest);
    const result = await record.failedSince(id, Date.parse(failedSince));
    if (result === 'unknown') throw outcomeUnknown(`/webhooks/${id}/deliveries`);
    wake([id]);
    return c.json({ ...result, status: statusOf(hook) }, 202);
  });
}
