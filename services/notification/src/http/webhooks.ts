import { webhookId, webhookRequest } from '@standing-order/contracts';
import {
  formatEtag,
  isUnchanged,
  ProblemError,
  pathParam,
  readJsonBody,
  requireIfMatch,
} from '@standing-order/service-kit/http';
import type { Context, Hono } from 'hono';
import { newSecret } from '../delivery/attempt/signature.ts';
import type { DeliveryRecord } from '../delivery/storage/delivery-log.ts';
import { type Hook, MOST_HOOKS, newHook, ROTATION_MS, rotated, viewOf } from '../domain/endpoint.ts';
import type { Changed, Hooks } from '../endpoints/endpoint-store.ts';
import { type UrlPolicy, urlFault } from '../endpoints/url-policy.ts';

export interface WebhookRoutesParts {
  readonly hooks: Hooks;
  readonly record: Pick<DeliveryRecord, 'enabled'>;
  readonly policy: UrlPolicy;
  /** Unix time in milliseconds. */
  now(): number;
  newId(): string;
  /** Webhooks have been changed. */
  refresh(): void;
}

const RETRY_AFTER_SECONDS = 2;

/** The webhook that a request is about. Throws when there is none. */
export async function hookOf(c: Context, hooks: Pick<Hooks, 'all'>): Promise<Hook> {
  const id = pathParam(c, 'id', webhookId);
  const hook = (await hooks.all()).find((each) => each.id === id && !each.deleted);
  if (!hook) throw missing(id);
  return hook;
}

export const outcomeUnknown = (location: string): ProblemError =>
  new ProblemError('outcome-unknown', {
    detail: 'the state store did not say whether it was stored; read it before you repeat the request',
    location,
    retryAfter: RETRY_AFTER_SECONDS,
  });

const missing = (id: string): ProblemError => new ProblemError('not-found', { detail: `there is no /webhooks/${id}` });

/** Adds POST and GET /webhooks, GET and DELETE /webhooks/{id}, and POST to its `secret` and `enable`. */
export function webhookRoutes(app: Hono, { hooks, record, policy, now, newId, refresh }: WebhookRoutesParts): void {
  /** Changes a webhook, if it is still the version that the client names, if it names one. */
  async function change(c: Context, decide: (hook: Hook) => Hook): Promise<Hook> {
    const id = pathParam(c, 'id', webhookId);
    const wanted = c.req.header('if-match') === undefined ? undefined : requireIfMatch(c);
    const changed: Changed<'stale'> = await hooks.change(id, (hook) =>
      wanted === undefined || wanted === String(hook.version) ? decide(hook) : 'stale',
    );
    refresh();
    switch (changed.outcome) {
      case 'changed':
        return changed.hook;
      case 'missing':
        throw missing(id);
      case 'stale':
        throw new ProblemError('precondition-failed', { detail: 'read it again and repeat this with its new ETag' });
      case 'unknown':
        throw outcomeUnknown(`/webhooks/${id}`);
    }
  }

  app.post('/webhooks', async (c) => {
    const request = await readJsonBody(c, webhookRequest);
    const fault = urlFault(request.url, policy);
    if (fault) throw new ProblemError('invalid-request', { errors: [{ field: 'url', detail: fault }] });
    const hook = newHook({ id: newId(), request, secret: newSecret(), now: now() });
    const outcome = await hooks.add(hook);
    if (outcome === 'full') {
      throw new ProblemError('forbidden', { detail: `there are ${MOST_HOOKS} webhooks already; delete one first` });
    }
    if (outcome === 'unknown') throw outcomeUnknown('/webhooks');
    refresh();
    c.header('Location', `/webhooks/${hook.id}`);
    c.header('ETag', formatEtag(String(hook.version)));
    return c.json({ ...viewOf(hook), secret: hook.secret }, 201);
  });

  app.get('/webhooks', async (c) => {
    const all = await hooks.all();
    return c.json({ webhooks: all.filter(({ deleted }) => !deleted).map(viewOf) });
  });

  app.get('/webhooks/:id', async (c) => show(c, await hookOf(c, hooks)));

  app.delete('/webhooks/:id', async (c) => {
    await change(c, (hook) => ({ ...hook, deleted: true }));
    return c.body(null, 204);
  });

  app.post('/webhooks/:id/secret', async (c) => {
    const at = now();
    const { secret } = await change(c, (hook) => rotated(hook, newSecret(), at));
    return c.json({ secret, previousUntil: new Date(at + ROTATION_MS).toISOString() });
  });

  app.post('/webhooks/:id/enable', async (c) => {
    const hook = await change(c, ({ disabled: _, ...enabled }) => enabled);
    // Without it the old failures would soon disable it again.
    if (!(await record.enabled(hook.id))) throw outcomeUnknown(`/webhooks/${hook.id}`);
    return show(c, hook);
  });
}

function show(c: Context, hook: Hook): Response {
  const etag = formatEtag(String(hook.version));
  c.header('ETag', etag);
  return isUnchanged(c, etag) ? c.body(null, 304) : c.json(viewOf(hook));
}
