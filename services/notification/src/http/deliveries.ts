import { redeliverRequest, webhookEventId } from '@standing-order/contracts';
import { ProblemError, pathParam, readJsonBody } from '@standing-order/service-kit/http';
import type { Hono } from 'hono';
import type { DeliveryLog } from '../delivery/storage/delivery-log.ts';
import { endpointStatus } from '../domain/endpoint.ts';
import type { EndpointStore } from '../endpoints/endpoint-store.ts';
import { outcomeUnknown, requireEndpoint } from './webhooks.ts';

export interface DeliveryRoutesOptions {
  readonly endpoints: Pick<EndpointStore, 'list'>;
  readonly deliveryLog: DeliveryLog;
  /** Deliveries of these endpoints are due. */
  wake(endpoints: readonly string[]): void;
}

const RETRY_AFTER_SECONDS = 30;

/** Adds GET /webhooks/{id}/deliveries, and POST to redeliver one event, or all that failed since a time. */
export function addDeliveryRoutes(app: Hono, { endpoints, deliveryLog, wake }: DeliveryRoutesOptions): void {
  app.get('/webhooks/:id/deliveries', async (c) =>
    c.json(await deliveryLog.list((await requireEndpoint(c, endpoints)).id)),
  );

  app.post('/webhooks/:id/deliveries/:eventId/redeliver', async (c) => {
    const endpoint = await requireEndpoint(c, endpoints);
    const { id } = endpoint;
    const eventId = pathParam(c, 'eventId', webhookEventId);
    switch (await deliveryLog.redeliver(id, eventId)) {
      case 'missing':
        throw new ProblemError('not-found', { detail: `${eventId} is not among the deliveries of /webhooks/${id}` });
      case 'full':
        throw new ProblemError('unavailable', {
          detail: 'too many deliveries of this webhook are open',
          retryAfter: RETRY_AFTER_SECONDS,
        });
      case 'unknown':
        throw outcomeUnknown(`/webhooks/${id}/deliveries`);
      case 'requested':
        wake([id]);
        return c.json({ redelivered: 1, left: 0, status: endpointStatus(endpoint) }, 202);
    }
  });

  app.post('/webhooks/:id/redeliver', async (c) => {
    const endpoint = await requireEndpoint(c, endpoints);
    const { id } = endpoint;
    const { failedSince } = await readJsonBody(c, redeliverRequest);
    const result = await deliveryLog.redeliverFailedSince(id, Date.parse(failedSince));
    if (result === 'unknown') throw outcomeUnknown(`/webhooks/${id}/deliveries`);
    wake([id]);
    return c.json({ ...result, status: endpointStatus(endpoint) }, 202);
  });
}
