import { type Caller, callerOf, forbidden } from '@standing-order/service-kit/auth';
import { formatEtag, ProblemError, pathParam, readJsonBody, requireIfMatch } from '@standing-order/service-kit/http';
import type { Context, Hono } from 'hono';
import type { z } from 'zod';
import type { Entities, EntityWithEtag, Patch } from './entities.ts';

/** The entities, and the bodies that their routes accept. */
export interface EntityRoutesOptions<E> {
  /** Path of the collection: `/consumers`. */
  readonly path: `/${string}`;
  /** Of the entities' ids. */
  readonly id: z.ZodType<string>;
  readonly entities: Entities<E>;
  /** Body of POST. Without an id in it, the entity gets one from `newId`. */
  readonly request: z.ZodType<Omit<E, 'id'> & { id?: string | undefined }>;
  /** Body of PATCH. */
  readonly patch: z.ZodType<Patch<E>>;
  newId(): string;
  /** Whether a caller may read the entity with this id. Default: every caller may. */
  mayRead?(caller: Caller, id: string): boolean;
}

const RETRY_AFTER_SECONDS = 2;

/** Adds POST {path}, GET {path}/{id} and PATCH {path}/{id} with ETags. */
export function entityRoutes<E extends { readonly id: string }>(app: Hono, options: EntityRoutesOptions<E>): void {
  const { path, id: entityId, entities, request, patch, newId, mayRead } = options;

  const pathOf = (id: string): string => `${path}/${encodeURIComponent(id)}`;
  const notFound = (id: string) => new ProblemError('not-found', { detail: `${pathOf(id)} does not exist` });

  app.post(path, async (c) => {
    const body = await readJsonBody(c, request);
    const entity = { ...body, id: body.id ?? newId() } as E;
    const location = pathOf(entity.id);
    const created = await entities.create(entity);
    switch (created.outcome) {
      case 'created':
        c.header('Location', location);
        return respond(c, created, 201);
      case 'exists':
        throw new ProblemError('already-exists', { detail: `${location} already exists`, location });
      case 'unknown':
        throw outcomeUnknown(location);
    }
  });

  app.get(`${path}/:id`, async (c) => {
    const id = pathParam(c, 'id', entityId);
    if (mayRead && !mayRead(callerOf(c), id)) throw forbidden('this resource belongs to another consumer');
    const found = await entities.get(id);
    if (!found) throw notFound(id);
    return respond(c, found, 200);
  });

  app.patch(`${path}/:id`, async (c) => {
    const id = pathParam(c, 'id', entityId);
    const matches = requireIfMatch(c);
    const changed = await entities.change(id, matches, await readJsonBody(c, patch));
    switch (changed.outcome) {
      case 'changed':
        return respond(c, changed, 200);
      case 'missing':
        throw notFound(id);
      case 'stale':
        throw new ProblemError('precondition-failed', {
          detail: 'read the resource again and repeat the change with its new ETag',
        });
      case 'unknown':
        throw outcomeUnknown(pathOf(id));
    }
  });
}

function respond<E>(c: Context, { entity, etag }: EntityWithEtag<E>, status: 200 | 201): Response {
  c.header('ETag', formatEtag(etag));
  return c.json(entity as object, status);
}

function outcomeUnknown(location: string): ProblemError {
  return new ProblemError('outcome-unknown', {
    detail: 'the state store did not confirm the write; read the resource before you repeat the request',
    location,
    retryAfter: RETRY_AFTER_SECONDS,
  });
}
