import { port, wholeNumber } from '@standing-order/service-kit/config';
import { LOG_LEVELS } from '@standing-order/service-kit/telemetry';
import { z } from 'zod';
import type { Variable } from './store-settings.ts';

const ADDRESS = /^(?:\[[\da-f:.]+\]|[^\s:,[\]]+):\d{1,5}$/i;
const addresses = z
  .string()
  .refine(
    (text) => text.split(',').every((each) => ADDRESS.test(each.trim())),
    'must be HOST:PORT, or several of them separated by commas',
  );
const postgresqlUrl = z.url({ protocol: /^postgres(ql)?$/, error: 'must be a postgres URL' });

/** The settings of the Dapr component of a store, and the size of its volume. */
const settings = {
  REDIS_HOST: addresses,
  REDIS_USERNAME: z.string(),
  REDIS_PASSWORD: z.string(),
  ENABLE_TLS: z.enum(['true', 'false'], 'must be true or false'),
  CLIENT_CERT: z.string(),
  CLIENT_KEY: z.string(),
  SENTINEL_MASTER_NAME: z.string(),
  SENTINEL_USERNAME: z.string(),
  SENTINEL_PASSWORD: z.string(),
  CONNECTION_STRING: postgresqlUrl,
  PASSWORD: z.string(),
  BROKERS: addresses,
  VOLUME_BYTES: wholeNumber(1, 999_999_999_999_999).transform(String),
};

/** The kinds of store whose fill level can be read, and the setting that each needs. */
const REQUIRED = { redis: 'REDIS_HOST', postgresql: 'CONNECTION_STRING', kafka: 'BROKERS' } as const;
export type StoreKind = keyof typeof REQUIRED;

/** The part of each store in the labels of the metrics, and the prefix of its variables. */
const PREFIXES = { state: 'STATE_STORE', broker: 'BROKER' } as const;
type Prefix = (typeof PREFIXES)[keyof typeof PREFIXES];

/** A store whose fill level is exported. */
export interface MeasuredStore {
  readonly name: keyof typeof PREFIXES;
  readonly kind: StoreKind;
  readonly variable: Variable;
}

const variablesOf = (prefix: Prefix, kinds: readonly StoreKind[]): Record<string, z.ZodType<string | undefined>> => ({
  [`${prefix}_KIND`]: z.enum(kinds, `must be ${kinds.join(' or ')}`).optional(),
  ...Object.fromEntries(Object.entries(settings).map(([name, schema]) => [`${prefix}_${name}`, schema.optional()])),
});

const missing = (name: string) => ({ path: [name], error: 'is missing', when: () => true });

type Values = Readonly<Record<string, unknown>>;
const kindOf = (values: Values, prefix: Prefix) => values[`${prefix}_KIND`] as StoreKind | undefined;

/** The check that the setting is present which this kind of store needs. */
const needs = (prefix: Prefix, kind: StoreKind) =>
  [
    (values: Values) => kindOf(values, prefix) !== kind || values[`${prefix}_${REQUIRED[kind]}`] !== undefined,
    missing(`${prefix}_${REQUIRED[kind]}`),
  ] as const;

const prefixes = Object.values(PREFIXES);

/** Environment variables of the program that exports the fill levels. A store without a kind is not read. */
export const storeMetricsConfig = z
  .object({
    HOST: z.string().default('127.0.0.1'),
    PORT: port,
    LOG_LEVEL: z.enum(LOG_LEVELS).default('info'),
    ...variablesOf('STATE_STORE', ['redis', 'postgresql']),
    ...variablesOf('BROKER', ['redis', 'kafka']),
  })
  .refine((values) => prefixes.some((prefix) => kindOf(values, prefix) !== undefined), missing('STATE_STORE_KIND'))
  .refine(...needs('STATE_STORE', 'redis'))
  .refine(...needs('STATE_STORE', 'postgresql'))
  .refine(...needs('BROKER', 'redis'))
  .refine(...needs('BROKER', 'kafka'));

/** The stores that a configuration names. */
export const storesOf = (config: Values): readonly MeasuredStore[] =>
  Object.entries(PREFIXES).flatMap(([name, prefix]) => {
    const kind = kindOf(config, prefix);
    const variable: Variable = (setting) => config[`${prefix}_${setting}`] as string | undefined;
    return kind === undefined ? [] : [{ name: name as MeasuredStore['name'], kind, variable }];
  });
