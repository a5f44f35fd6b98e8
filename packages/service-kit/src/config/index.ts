import { z } from 'zod';
import { AUTH_CHECKS, authConfig } from '../auth/config.ts';
import { LOG_LEVELS } from '../telemetry/logger.ts';
import { httpUrl } from './http-url.ts';

export { ConfigurationError } from './configuration-error.ts';
export { secretKeys } from './secret-keys.ts';

/** A whole number between two bounds, both inclusive. */
export const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,15}$/, 'must be a whole number')
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be between ${min} and ${max}`);

/** A TCP port. */
export const port = wholeNumber(1, 65_535);

/** Environment variables of every service. A service adds its own with `.extend`. */
export const serviceConfig = z
  .object({
    HOST: z.string().default('127.0.0.1'),
    PORT: port,
    DAPR_GRPC_PORT: port,
    DAPR_HTTP_PORT: port,
    DAPR_API_TOKEN: z.string().optional(),
    APP_API_TOKEN: z.string().optional(),
    STATE_STORE: z.string().default('state'),
    PUBSUB: z.string().default('messages'),
    /** Time for which an idle connection stays open. Longer than any load balancer reuses one, or it sends requests into closed ones. */
    KEEP_ALIVE_SECONDS: wholeNumber(1, 3_600).default(75),
    LOG_LEVEL: z.enum(LOG_LEVELS).default('info'),
    /** OpenTelemetry reads both itself. It accepts an invalid URL, and then exports no span. */
    OTEL_EXPORTER_OTLP_ENDPOINT: httpUrl.optional(),
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: httpUrl.optional(),
    ...authConfig,
  })
  .refine(...AUTH_CHECKS.issuer)
  .refine(...AUTH_CHECKS.audience)
  .refine(...AUTH_CHECKS.appToken);

/** The values of `serviceConfig`. */
export type ServiceConfig = z.infer<typeof serviceConfig>;

/** One line for each invalid variable. Contains no value, since it may be a secret. */
export const configFaults = (error: z.core.$ZodError, env: NodeJS.ProcessEnv): string[] =>
  error.issues.map(({ path, message }) => {
    const name = path.join('.');
    return `${name}: ${env[name] ? message : 'is missing'}`;
  });

/**
 * The typed configuration from environment variables. An empty variable counts as absent, and unknown ones are ignored. When
 * variables are invalid, writes all faults to stderr and ends the process with exit code 2.
 */
export function loadConfig<T>(schema: z.ZodType<T>, env: NodeJS.ProcessEnv = process.env): T {
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const result = schema.safeParse(set);
  if (result.success) return result.data;
  process.stderr.write(
    `Invalid configuration:\n${configFaults(result.error, set)
      .map((fault) => `  ${fault}\n`)
      .join('')}`,
  );
  process.exit(2);
}
