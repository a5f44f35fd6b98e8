import {
  type ConsumerVerdict,
  type DetailsVerdict,
  type OrderRequest,
  VERDICT_TYPES,
  verdictSchema,
} from '@standing-order/contracts';
import type { Sidecar } from '@standing-order/dapr';
import { warnRateLimited } from '@standing-order/service-kit/telemetry';
import type { z } from 'zod';

/** Those who judge an order, asked directly. Undefined: nobody could be asked in time. Never rejects. */
export interface Validators {
  consumer(request: OrderRequest): Promise<ConsumerVerdict | undefined>;
  details(request: OrderRequest): Promise<DetailsVerdict | undefined>;
}

/** For all that Dapr does on the way: two attempts and the pause between them. */
const DEADLINE_MS = 2_000;

const consumerVerdict = verdictSchema(VERDICT_TYPES.consumer);
const detailsVerdict = verdictSchema(VERDICT_TYPES.details);

/** Asks over Dapr's service invocation, whose resiliency policy retries once and holds the circuit breaker. */
export function createValidators(sidecar: Pick<Sidecar, 'invoke'>): Validators {
  async function ask<T>(app: string, question: object, verdict: z.ZodType<T>): Promise<T | undefined> {
    const call = { app, method: 'validations', body: question, deadlineMs: DEADLINE_MS };
    const answer = await sidecar.invoke(call).catch(() => undefined);
    if (answer?.status !== 200) return undefined;
    const { data, error } = verdict.safeParse(answer.body);
    if (error) warnRateLimited(`verdict of ${app}`, { err: error }, 'a verdict cannot be read');
    return data;
  }
  return {
    consumer: ({ consumerId }) => ask('consumer', { consumerId }, consumerVerdict),
    details: ({ restaurantId, lines }) => ask('restaurant', { restaurantId, lines }, detailsVerdict),
  };
}
