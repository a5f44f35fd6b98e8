import { type Api, asyncApiOf, operationsOf, routePattern } from '@standing-order/contracts';
import type { Hono } from 'hono';

/** Differences between an application's routes and its API, as `GET /orders/:id`. Both lists must be empty. */
export interface Difference {
  /** Routes without an operation. */
  readonly undescribed: readonly string[];
  /** Operations without a route. */
  readonly unserved: readonly string[];
}

/** Compares an application's routes with its API, without the deliveries of messages, which AsyncAPI describes. */
export function compareRoutes(app: Hono, api: Api): Difference {
  const routes = new Set(
    app.routes
      .filter(({ method, path }) => method !== 'ALL' && !path.startsWith('/messages/'))
      .map(({ method, path }) => `${method} ${path}`),
  );
  const operations = new Set(operationsOf(api).map((one) => `${one.method.toUpperCase()} ${routePattern(one)}`));
  return { undescribed: [...routes.difference(operations)], unserved: [...operations.difference(routes)] };
}

/** The topics that an application handles, and those that its AsyncAPI document receives. Both are sorted and must be equal. */
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
