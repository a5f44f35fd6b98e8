import type { MessageType } from '@standing-order/contracts';
import { readJsonBody } from '@standing-order/service-kit/http';
import type { Hono } from 'hono';
import type { z } from 'zod';
import type { Entities } from './entities.ts';

/** How a validation request is answered. */
export interface ValidationRouteOptions<Q, E> {
  readonly entities: Pick<Entities<E>, 'get'>;
  /** The request: a command without its order. */
  readonly request: z.ZodType<Q>;
  /** The id of the entity that validates the request. */
  entityOf(request: Q): string;
  /** The verdict, with the entity or without one: type and data of the message that would be the reply. */
  validate(entity: E | undefined, request: Q): { readonly type: MessageType; readonly data: object };
}

/**
 * Adds POST /validations: the synchronous form of the service's commands. It answers 200 with the verdict, positive or negative.
 * It changes no state, so it can be repeated.
 */
export function validationRoute<Q, E>(app: Hono, options: ValidationRouteOptions<Q, E>): void {
  const { entities, request: schema, entityOf, validate } = options;
  app.post('/validations', async (c) => {
    const request = await readJsonBody(c, schema);
    const found = await entities.get(entityOf(request));
    return c.json(validate(found?.entity, request));
  });
}
