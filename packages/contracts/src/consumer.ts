import { z } from 'zod';
import { consumerId, displayName } from './ids.ts';
import { money } from './money.ts';

const fields = {
  name: displayName,
  active: z.boolean(),
  orderLimit: money.describe('Maximum total of one order of this consumer.'),
};

/** Body of POST /consumers. Without an id, the service generates one. */
export const consumerRequest = z.strictObject({
  ...fields,
  id: consumerId.optional(),
  active: fields.active.default(true),
});
export type ConsumerRequest = z.infer<typeof consumerRequest>;

/** Body of PATCH /consumers/{id}. Absent fields stay as they are. */
export const consumerPatch = z.strictObject(fields).partial();
export type ConsumerPatch = z.infer<typeof consumerPatch>;

/** A consumer, as stored and returned. */
export const consumer = z.object({ id: consumerId, ...fields });
export type Consumer = z.infer<typeof consumer>;
