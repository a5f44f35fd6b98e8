import { serviceConfig, wholeNumber } from '@standing-order/service-kit/config';
import { z } from 'zod';
import { rangesOf } from './endpoints/address-policy.ts';
import { KEY_LENGTH } from './endpoints/secret-cipher.ts';

/** Address ranges, separated by commas. */
const ranges = z
  .string()
  .default('')
  .transform((text, issues) => {
    const list = rangesOf(text.split(',').flatMap((range) => range.trim() || []));
    if (list) return list;
    issues.addIssue('must be address ranges separated by commas, as 10.0.0.0/8,fd00::/8');
    return z.NEVER;
  });

/** Keys in base64, separated by commas. */
const keys = z
  .string()
  .default('')
  .transform((text, issues) => {
    const list = text.split(',').flatMap((key) => key.trim() || []);
    const bytes = list.map((key) => Buffer.from(key, 'base64'));
    // What is no base64 is left out of the bytes, and shows when they are written again.
    if (bytes.every((key, index) => key.length === KEY_LENGTH && key.toString('base64') === list[index])) return bytes;
    issues.addIssue(`must be keys of ${KEY_LENGTH} bytes in base64, separated by commas`);
    return z.NEVER;
  });

/** What the notification service reads from its environment, beside what every service does. */
export const notificationConfig = serviceConfig.extend({
  /** Whether a webhook may be http:// too. */
  WEBHOOKS_ALLOW_HTTP: z.enum(['on', 'off']).default('off'),
  /** Where webhooks may lead beside public addresses: 10.1.2.0/24,fd00::/8 */
  WEBHOOKS_ALLOW_ADDRESSES: ranges,
  /** A webhook that has failed for so long, without one delivery in between, is disabled. */
  WEBHOOK_DISABLE_AFTER_HOURS: wholeNumber(1, 8_760).default(120),
  /** Keys that seal the secrets of webhooks in the state store: the first seals, each of them opens. */
  WEBHOOK_SECRET_KEYS: keys,
});
