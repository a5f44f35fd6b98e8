import { webhookId, webhookRequest } from '@standing-order/contracts';
import {
  formatEtag,
  ifMatch,
  isUnchanged,
  ProblemError,
  pathParam,
  readJsonBody,
} from '@standing-order/service-kit/http';
import type { Context, Hono } from 'hono';
import type { DeliveryLog } from '../delivery/storage/delivery-log.ts';
import {
  type Endpoint,
  endpointView,
  MAX_ENDPOINTS,
  newEndpoint,
  ROTATION_MS,
  rotateSecret,
} from '../domain/endpoint.ts';
import { newSecret } from '../domain/secret.ts';
import type { ChangeResult, EndpointStore } from '../endpoints/endpoint-store.ts';
import { type UrlPolicy, urlError } from '../endpoints/url-policy.ts';

export interface WebhookRoutesOptions {
  readonly endpoints: EndpointStore;
  readonly deliveryLog: Pick<DeliveryLog, 'retryOpenNow'>;
  readonly policy: UrlPolicy;
  /** Unix time in milliseconds. */
  now(): number;
  newId(): string;
  /** Called after a change of the endpoints. */
  refresh(): void;
}

const RETRY_AFTER_SECONDS = 2;

/** The endpoint in the request's path. Throws a `not-found` problem if there is none. */
export async function requireEndpoint(c: Context, endpoints: Pick<EndpointStore, 'list'>): Promise<Endpoint> {
  const id = pathParam(c, 'id', webhookId);
  const endpoint = (await endpoints.list()).find((each) => each.id === id && !each.deleted);
  if (!endpoint) throw notFound(id);
  return endpoint;
}

export const outcomeUnknown = (location: string): ProblemError =>
  new ProblemError('outcome-unknown', {
    detail: 'the state store did not confirm the change; read the resource before you repeat the request',
    location,
    retryAfter: RETRY_AFTER_SECONDS,
  });

const notFound = (id: string): ProblemError =>
  new ProblemError('not-found', { detail: `/webhooks/${id} does not exist` });

/** Adds POST and GET /webhooks, GET and DELETE /webhooks/{id}, and POST /webhooks/{id}/secret and /enable. */
export function addWebhookRoutes(
  app: Hono,
  { endpoints, deliveryLog, policy, now, newId, refresh }: WebhookRoutesOptions,
): void {
  /** Changes an endpoint. With If-Match, only if its version is still that of the client. */
  async function change(c: Context, decide: (endpoint: Endpoint) => Endpoint): Promise<Endpoint> {
    const id = pathParam(c, 'id', webhookId);
    const matches = ifMatch(c);
    const changed: ChangeResult<'stale'> = await endpoints.change(id, (endpoint) =>
      matches === undefined || matches(String(endpoint.version)) ? decide(endpoint) : 'stale',
    );
    refresh();
    switch (changed.outcome) {
      case 'changed':
        return changed.endpoint;
      case 'missing':
        throw notFound(id);
      case 'stale':
        throw new ProblemError('precondition-failed', {
          detail: 'the webhook has changed; read it again and repeat the request with its new ETag',
        });
      case 'unknown':
        throw outcomeUnknown(`/webhooks/${id}`);
    }
  }

  app.post('/webhooks', async (c) => {
    const request = await readJsonBody(c, webhookRequest);
    const detail = urlError(request.url, policy);
    if (detail) throw new ProblemError('invalid-request', { errors: [{ field: 'url', detail }] });
    const endpoint = newEndpoint({ id: newId(), request, secret: newSecret(), now: now() });
    const outcome = await endpoints.add(endpoint);
    if (outcome === 'full') {
      throw new ProblemError('forbidden', {
        detail: `the maximum of ${MAX_ENDPOINTS} webhooks is reached; delete one first`,
      });
    }
    if (outcome === 'unknown') throw outcomeUnknown('/webhooks');
    refresh();
    c.header('Location', `/webhooks/${endpoint.id}`);
    c.header('ETag', formatEtag(String(endpoint.version)));
    return c.json({ ...endpointView(endpoint), secret: endpoint.secret }, 201);
  });

  app.get('/webhooks', async (c) => {
    const all = await endpoints.list();
    return c.json({ webhooks: all.filter(({ deleted }) => !deleted).map(endpointView) });
  });

  app.get('/webhooks/:id', async (c) => respond(c, await requireEndpoint(c, endpoints)));

  app.delete('/webhooks/:id', async (c) => {
    await change(c, (endpoint) => ({ ...endpoint, deleted: true }));
    return c.body(null, 204);
  });

  app.post('/webhooks/:id/secret', async (c) => {
    const at = now();
    const { secret } = await change(c, (endpoint) => rotateSecret(endpoint, newSecret(), at));
    return c.json({ secret, previousUntil: new Date(at + ROTATION_MS).toISOString() });
  });

  app.post('/webhooks/:id/enable', async (c) => {
    const endpoint = await change(c, ({ disabled: _, ...enabled }) => enabled);
    // Clears the recorded failures, which would soon disable the endpoint again.
    if (!(await deliveryLog.retryOpenNow(endpoint.id))) throw outcomeUnknown(`/webhooks/${endpoint.id}`);
    return respond(c, endpoint);
  });
}

function respond(c: Context, endpoint: Endpoint): Response {
  const etag = formatEtag(String(endpoint.version));
  c.header('ETag', etag);
  return isUnchanged(c, etag) ? c.body(null, 304) : c.json(endpointView(endpoint));
}
