import { type Api, asyncApiOf, operationsOf, routePattern } from '@standing-order/contracts';
import type { Hono } from 'hono';

/** Where an application and the description of its API differ, as `GET /orders/:id`; nothing in either list is right. */
export interface Difference {
  /** Routes that are not described. */
  readonly undescribed: readonly string[];
  /** Operations that have no route. */
  readonly unserved: readonly string[];
}

/** Compares an application's routes with its API. Deliveries of messages are described by AsyncAPI and left out. */
export function compareRoutes(app: Hono, api: Api): Difference {
  const routes = new Set(
    app.routes
      .filter(({ method, path }) => method !== 'ALL' && !path.startsWith('/messages/'))
      .map(({ method, path }) => `${method} ${path}`),
  );
  const operations = new Set(operationsOf(api).map((one) => `${one.method.toUpperCase()} ${routePattern(one)}`));
  return { undescribed: [...routes.difference(operations)], unserved: [...operations.difference(routes)] };
}

/** Topics whose messages an application takes, and those that its AsyncAPI document says it receives; both sorted, and equal when all is right. */
export function compareTopics(
  app: Hono,
  { service }: Api,
): { readonly handled: string[]; readonly described: string[] } {
  const handled = app.routes.flatMap(({ method, path }) =>
    method === 'POST' ? (/^\/messages\/([\w-]+)$/.exec(path)?.[1] ?? []) : [],
  );
  const described = Object.keys(asyncApiOf(service).operations).flatMap(
    (name) => /^receive-(.+)$/.exec(name)?.[1] ?? [],
  );
  return { handled: handled.toSorted(), described: described.toSorted() };
}
