import { secretKeys, serviceConfig, wholeNumber } from '@standing-order/service-kit/config';
import { z } from 'zod';
import { parseRanges } from './endpoints/address-policy.ts';
import { KEY_LENGTH } from './endpoints/secret-cipher.ts';

/** Address ranges, separated by commas. */
const ranges = z
  .string()
  .default('')
  .transform((text, issues) => {
    const list = parseRanges(text.split(',').flatMap((range) => range.trim() || []));
    if (list) return list;
    issues.addIssue('must be address ranges separated by commas, for example 10.0.0.0/8,fd00::/8');
    return z.NEVER;
  });

/** Environment variables of the notification service. */
export const notificationConfig = serviceConfig.extend({
  /** Allows http:// endpoints. */
  WEBHOOKS_ALLOW_HTTP: z.enum(['on', 'off']).default('off'),
  /** Address ranges that endpoints may point to, in addition to public addresses: 10.1.2.0/24,fd00::/8 */
  WEBHOOKS_ALLOW_ADDRESSES: ranges,
  /** An endpoint that fails for this long, without a successful delivery, is disabled. */
  WEBHOOK_DISABLE_AFTER_HOURS: wholeNumber(1, 8_760).default(120),
  /** Keys that encrypt signing secrets in the state store: the first key encrypts, each key decrypts. */
  WEBHOOK_SECRET_KEYS: secretKeys(KEY_LENGTH).prefault(''),
});
