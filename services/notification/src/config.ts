import { secretKeys, serviceConfig, wholeNumber } from '@standing-order/service-kit/config';
import { httpUrl } from '@standing-order/service-kit/config/http-url';
import { z } from 'zod';
import { readCertificates } from './delivery/attempt/certificates.ts';
import { parseRanges } from './endpoints/address-policy.ts';
import { parseNat64Prefix } from './endpoints/embedded-ipv4.ts';
import { KEY_LENGTH } from './endpoints/secret-cipher.ts';

const splitList = (text: string): string[] => text.split(',').flatMap((item) => item.trim() || []);

/** Address ranges, separated by commas. */
const ranges = z
  .string()
  .default('')
  .transform((text, issues) => {
    const list = parseRanges(splitList(text));
    if (list) return list;
    issues.addIssue('must be address ranges separated by commas, for example 10.0.0.0/8,fd00::/8');
    return z.NEVER;
  });

/** NAT64 prefixes, separated by commas. */
const nat64Prefixes = z
  .string()
  .default('')
  .transform((text, issues) => {
    const list = splitList(text).map(parseNat64Prefix);
    const prefixes = list.filter((prefix) => prefix !== undefined);
    if (prefixes.length === list.length) return prefixes;
    issues.addIssue('must be IPv6 prefixes of 96 bits separated by commas, for example 2001:db8:64::/96');
    return z.NEVER;
  });

/** Certificates of a PEM file. */
const certificates = z
  .string()
  .default('')
  .transform((file, issues) => {
    const found = file === '' ? [] : readCertificates(file);
    if (found) return found;
    issues.addIssue('must name a readable file with certificates in PEM format');
    return z.NEVER;
  });

/** The URL of an HTTP proxy, or "direct". */
const proxy = z.union(
  [z.literal('direct'), httpUrl],
  'must be the http or https URL of a proxy, or "direct" for deliveries without a proxy',
);

/** Variables by which other programs find a proxy. Deliveries only use WEBHOOKS_PROXY. */
const PROXY_VARIABLES = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'all_proxy'] as const;
const optional = z.string().optional();

const variables = serviceConfig.extend({
  /** Allows http:// endpoints. */
  WEBHOOKS_ALLOW_HTTP: z.enum(['on', 'off']).default('off'),
  /** Address ranges that endpoints may point to, in addition to public addresses: 10.1.2.0/24,fd00::/8 */
  WEBHOOKS_ALLOW_ADDRESSES: ranges,
  /** An endpoint that fails for this long, without a successful delivery, is disabled. */
  WEBHOOK_DISABLE_AFTER_HOURS: wholeNumber(1, 8_760).default(120),
  /** Keys that encrypt signing secrets in the state store: the first key encrypts, each key decrypts. */
  WEBHOOK_SECRET_KEYS: secretKeys(KEY_LENGTH).prefault(''),
  /** NAT64 prefixes of the network besides 64:ff9b::/96: the IPv4 address behind them is judged. */
  WEBHOOKS_NAT64_PREFIXES: nat64Prefixes,
  /** File with certificate authorities that deliveries trust besides the public ones. */
  WEBHOOKS_CA_FILE: certificates,
  /** Proxy of all deliveries but those to NO_PROXY. The proxy resolves the names, and has to refuse internal addresses. */
  WEBHOOKS_PROXY: proxy.optional(),
  /** Hosts that are reached without WEBHOOKS_PROXY. */
  NO_PROXY: optional,
  no_proxy: optional,
  HTTPS_PROXY: optional,
  https_proxy: optional,
  HTTP_PROXY: optional,
  http_proxy: optional,
  ALL_PROXY: optional,
  all_proxy: optional,
});

/** Environment variables of the notification service. */
export const notificationConfig = PROXY_VARIABLES.reduce(
  (schema, name) =>
    schema.refine((config) => config.WEBHOOKS_PROXY !== undefined || config[name] === undefined, {
      path: [name],
      error: 'names a proxy that deliveries do not use: set WEBHOOKS_PROXY to the URL of a proxy, or to "direct"',
      when: () => true,
    }),
  variables,
);
