import type { MessageType } from '@standing-order/contracts';
import { readJsonBody } from '@standing-order/service-kit/http';
import type { Hono } from 'hono';
import type { z } from 'zod';
import type { Entities } from './store.ts';

export interface ValidationRouteOptions<Q, E> {
  readonly entities: Pick<Entities<E>, 'get'>;
  /** What is asked: a command without its order. */
  readonly question: z.ZodType<Q>;
  /** Which entity a question is about. */
  entityOf(question: Q): string;
  /** What the entity, or its absence, makes of it: type and data of the message that would be the reply. */
  validate(entity: E | undefined, question: Q): { readonly type: MessageType; readonly data: object };
}

/**
 * Adds POST /validations, which answers at once what the commands of the service are answered by message. 200 with the
 * verdict, yes or no. Changes nothing, so it can be asked again.
 */
export function validationRoute<Q, E>(app: Hono, options: ValidationRouteOptions<Q, E>): void {
  const { entities, question, entityOf, validate } = options;
  app.post('/validations', async (c) => {
    const asked = await readJsonBody(c, question);
    const found = await entities.get(entityOf(asked));
    return c.json(validate(found?.entity, asked));
  });
}
