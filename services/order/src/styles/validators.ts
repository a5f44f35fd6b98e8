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

/** Calls the services that validate an order. Undefined: the service did not respond in time. Never rejects. */
export interface Validators {
  consumer(request: OrderRequest): Promise<ConsumerVerdict | undefined>;
  details(request: OrderRequest): Promise<DetailsVerdict | undefined>;
}

/** For the whole invocation by Dapr: two attempts and the pause between them. */
const DEADLINE_MS = 2_000;

const consumerVerdict = verdictSchema(VERDICT_TYPES.consumer);
const detailsVerdict = verdictSchema(VERDICT_TYPES.details);

/** Calls by Dapr's service invocation. Its resiliency policy retries once and has the circuit breaker. */
export function createValidators(sidecar: Pick<Sidecar, 'invoke'>): Validators {
  async function validate<T>(app: string, body: object, verdict: z.ZodType<T>): Promise<T | undefined> {
    const call = { app, method: 'validations', body, deadlineMs: DEADLINE_MS };
    // The sidecar client counts and logs each failure, with its reason.
    const response = await sidecar.invoke(call).catch(() => undefined);
    if (response?.status !== 200) return undefined;
    const { data, error } = verdict.safeParse(response.body);
    if (error) warnRateLimited(`verdict of ${app}`, { app, err: error }, 'invalid verdict');
    return data;
  }
  return {
    consumer: ({ consumerId }) => validate('consumer', { consumerId }, consumerVerdict),
    details: ({ restaurantId, lines }) => validate('restaurant', { restaurantId, lines }, detailsVerdict),
  };
}
