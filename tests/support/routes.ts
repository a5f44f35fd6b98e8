import {
  type Api,
  CHANGE_LANES,
  consumerApi,
  INVOKER,
  notificationApi,
  operationsOf,
  orderApi,
  restaurantApi,
  TOPICS,
} from '@standing-order/contracts';

/** The HTTP APIs of all services. */
export const APIS: readonly Api[] = [orderApi, consumerApi, restaurantApi, notificationApi];
/** Every method that a service might have a route for. */
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/** An id that every operation accepts: of an order, a webhook, a consumer, a restaurant. No such resource exists. */
const UNUSED_ID = '019ab000-0000-7000-8000-000000000000';

/** One method of one path of a service. */
export interface Route {
  readonly service: Api['service'];
  readonly method: string;
  readonly path: string;
}

/** The path of an operation, with an id in place of each parameter. */
export const pathWithIds = (path: string): string => path.replaceAll(/\{\w+\}/g, UNUSED_ID);

/** Every path of the operations and of the deliveries of messages, with every method. */
export const ROUTES: readonly Route[] = APIS.flatMap((api) => {
  const paths = operationsOf(api).map(({ path }) => pathWithIds(path));
  const deliveries = Object.keys(TOPICS).map((topic) => `/messages/${topic}`);
  return [...new Set([...paths, ...deliveries])].flatMap((path) =>
    METHODS.map((method) => ({ service: api.service, method, path })),
  );
});

/** The operations that not every caller may use, each with its own method. */
export const PROTECTED_ROUTES: readonly Route[] = APIS.flatMap(({ service, operations }) =>
  operations
    .filter(({ access }) => access !== 'anyone')
    .map(({ method, path }) => ({ service, method: method.toUpperCase(), path: pathWithIds(path) })),
);

const CHANGES = { since: Array.from({ length: CHANGE_LANES }, () => ({ seq: 0 })) };

/** A body for a call of a route: a valid one for the operation that other applications would like to call. */
export function bodyFor({ method, path }: Pick<Route, 'method' | 'path'>): unknown {
  if (method === 'GET' || method === 'HEAD' || method === 'DELETE') return undefined;
  return path === '/changes' ? CHANGES : {};
}

/** With this header the sidecar of the callee removes the caller's id, which the header Connection names. */
export const WITHOUT_ID = { connection: 'dapr-caller-app-id, dapr-caller-namespace' };
/** A caller that claims to be the order service. */
export const FORGED_ID = { 'dapr-caller-app-id': INVOKER };
