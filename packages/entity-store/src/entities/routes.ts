import { entityId } from '@standing-order/contracts';
import { type Caller, callerOf, forbidden } from '@standing-order/service-kit/auth';
import { formatEtag, ProblemError, pathParam, readJsonBody, requireIfMatch } from '@standing-order/service-kit/http';
import type { Context, Hono } from 'hono';
import type { z } from 'zod';
import type { Entities, Patch, Versioned } from './store.ts';

export interface EntityRoutesOptions<E> {
  /** Where they live: `/consumers`. */
  readonly path: `/${string}`;
  readonly entities: Entities<E>;
  /** Body of POST; without an id, `newId` gives one. */
  readonly request: z.ZodType<Omit<E, 'id'> & { id?: string | undefined }>;
  /** Body of PATCH. */
  readonly patch: z.ZodType<Patch<E>>;
  newId(): string;
  /** Who may read the entity with this id; everybody, if it is not said. */
  mayRead?(caller: Caller, id: string): boolean;
}

const RETRY_AFTER_SECONDS = 2;

/** Adds POST {path}, GET {path}/{id} and PATCH {path}/{id} with ETags. */
export function entityRoutes<E extends { readonly id: string }>(app: Hono, options: EntityRoutesOptions<E>): void {
  const { path, entities, request, patch, newId, mayRead } = options;

  app.post(path, async (c) => {
    const body = await readJsonBody(c, request);
    const entity = { ...body, id: body.id ?? newId() } as E;
    const location = `${path}/${entity.id}`;
    const created = await entities.create(entity);
    switch (created.outcome) {
      case 'created':
        c.header('Location', location);
        return show(c, created, 201);
      case 'exists':
        throw new ProblemError('already-exists', { detail: `there is ${location} already`, location });
      case 'unknown':
        throw outcomeUnknown(location);
    }
  });

  app.get(`${path}/:id`, async (c) => {
    const id = pathParam(c, 'id', entityId);
    if (mayRead && !mayRead(callerOf(c), id)) throw forbidden('this belongs to somebody else');
    const found = await entities.get(id);
    if (!found) throw notFound(path, id);
    return show(c, found, 200);
  });

  app.patch(`${path}/:id`, async (c) => {
    const id = pathParam(c, 'id', entityId);
    const etag = requireIfMatch(c);
    const changed = await entities.change(id, etag, await readJsonBody(c, patch));
    switch (changed.outcome) {
      case 'changed':
        return show(c, changed, 200);
      case 'missing':
        throw notFound(path, id);
      case 'stale':
        throw new ProblemError('precondition-failed', {
          detail: 'read it again and repeat the change with its new ETag',
        });
      case 'unknown':
        throw outcomeUnknown(`${path}/${id}`);
    }
  });
}

function show<E>(c: Context, { entity, etag }: Versioned<E>, status: 200 | 201): Response {
  c.header('ETag', formatEtag(etag));
  return c.json(entity as object, status);
}

function notFound(path: string, id: string): ProblemError {
  return new ProblemError('not-found', { detail: `there is no ${path}/${id}` });
}

function outcomeUnknown(location: string): ProblemError {
  return new ProblemError('outcome-unknown', {
    detail: 'the state store did not say whether it was stored; read it before you repeat the request',
    location,
    retryAfter: RETRY_AFTER_SECONDS,
  });
}
