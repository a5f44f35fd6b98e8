import { once } from 'node:events';
import type { Hono } from 'hono';
import { ConfigurationError } from '../config/configuration-error.ts';
import { logger, stopTelemetry } from '../telemetry/index.ts';
import { type ClosableServer, createClosableServer, MAX_CONNECTIONS } from './server.ts';

/** The application, its address, and what the service starts and stops. */
export interface ServiceOptions {
  readonly app: Hono;
  /** `::` is every address of every IP family that the machine has. */
  readonly host: string;
  readonly port: number;
  /** Runs once the port listens. A rejection ends the process with exit code 1, a ConfigurationError with 2. Aborted by the first stop signal. */
  start?(signal: AbortSignal): Promise<void>;
  /** Runs after the last request was answered or the drain time is over, before telemetry is flushed. */
  stop?(): Promise<void>;
  /** Maximum duration of the whole stop, in milliseconds. Default 25,000. */
  readonly stopWithinMs?: number;
  /** Time for requests in flight after a stop signal, in milliseconds. Default 10,000. */
  readonly drainWithinMs?: number;
  /** Time that an idle connection stays open, in milliseconds. Default 75,000: longer than load balancers reuse one. */
  readonly keepAliveMs?: number;
}

const STOP_WITHIN_MS = 25_000;
/** As long as the order service lets a request wait for its commit. */
const DRAIN_WITHIN_MS = 10_000;
const FLUSH_WITHIN_MS = 3_000;
const KEEP_ALIVE_MS = 75_000;

/**
 * Runs a service until SIGTERM or SIGINT, then ends the process: with exit code 0 after an orderly stop, 1 otherwise.
 *
 * Order: listen, start. On a signal: accept no more connections, answer the requests in flight, stop, flush telemetry. Connections
 * without a request never delay the stop, and requests in flight only until the drain time is over. A second signal, an uncaught
 * exception, or a stop that takes too long ends the process at once.
 */
export function runService(options: ServiceOptions): void {
  const server = createClosableServer(options.app, { keepAliveMs: options.keepAliveMs ?? KEEP_ALIVE_MS });
  const stopping = new AbortController();

  const fail = (error: unknown, message: string): never => {
    logger.fatal({ err: error }, message);
    process.exit(error instanceof ConfigurationError ? 2 : 1);
  };
  process.on('uncaughtException', (error) => fail(error, 'uncaught exception'));
  process.on('unhandledRejection', (error) => fail(error, 'unhandled rejection'));

  const onSignal = (signal: string): void => {
    if (stopping.signal.aborted) fail(undefined, `second ${signal}: exiting at once`);
    stopping.abort();
    logger.info(`${signal}: stopping`);
    stopInOrder(server, options).then(
      () => process.exit(0),
      (error) => fail(error, 'stopping failed'),
    );
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);

  startInOrder(server, options, stopping.signal).catch((error) => {
    if (!stopping.signal.aborted) fail(error, 'starting failed');
  });
}

async function startInOrder({ server }: ClosableServer, options: ServiceOptions, signal: AbortSignal): Promise<void> {
  const address = { port: options.port, backlog: MAX_CONNECTIONS };
  // Without a host, Node listens on every address of IPv6 and IPv4, and of IPv4 only where the machine has no IPv6.
  server.listen(options.host === '::' ? address : { ...address, host: options.host });
  await once(server, 'listening', { signal });
  logger.info({ address: server.address() }, 'listening');
  await options.start?.(signal);
}

async function stopInOrder(server: ClosableServer, options: ServiceOptions): Promise<void> {
  const limitMs = options.stopWithinMs ?? STOP_WITHIN_MS;
  setTimeout(() => {
    logger.fatal(`not stopped within ${limitMs} ms`);
    process.exit(1);
  }, limitMs).unref();
  await server.close(options.drainWithinMs ?? DRAIN_WITHIN_MS);
  await options.stop?.();
  if (!(await stopTelemetry(FLUSH_WITHIN_MS))) logger.warn('not all telemetry was sent');
  logger.info('stopped');
}
