import type { z } from 'zod';

/** Every fault of a configuration, one line each, no values of secrets. */
export declare function configFaults(error: z.ZodError): readonly string[];

/**
 * The typed configuration from environment variables; an empty variable is as good as none, unknown ones are ignored. When
 * something is wrong, says all of it on stderr and ends the process with exit code 2.
 */
export declare function loadConfig<T>(schema: z.ZodType<T>, env?: NodeJS.ProcessEnv): T;

/** A TCP port, 1 to 65535. */
export declare const port: z.ZodType<number>;

/** A whole number between two bounds. */
export declare function wholeNumber(min: number, max: number): z.ZodType<number>;

/** What every service reads: HOST, PORT, DAPR_HTTP_PORT, DAPR_API_TOKEN, APP_API_TOKEN, STATE_STORE, PUBSUB. Extend it. */
export declare const serviceConfig: z.ZodObject<{
  HOST: z.ZodDefault<z.ZodString>;
  PORT: z.ZodType<number>;
  DAPR_HTTP_PORT: z.ZodType<number>;
  DAPR_API_TOKEN: z.ZodOptional<z.ZodString>;
  APP_API_TOKEN: z.ZodOptional<z.ZodString>;
  STATE_STORE: z.ZodDefault<z.ZodString>;
  PUBSUB: z.ZodDefault<z.ZodString>;
}>;
