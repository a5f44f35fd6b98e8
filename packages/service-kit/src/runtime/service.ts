import { once } from 'node:events';
import type { Server } from 'node:http';
import { createAdaptorServer } from '@hono/node-server';
import type { Hono } from 'hono';
import { answerClientError } from '../http/client-error.ts';
import { logger, stopTelemetry } from '../telemetry/index.ts';

/** The application, its address, and what the service starts and stops. */
export interface ServiceOptions {
  readonly app: Hono;
  readonly host: string;
  readonly port: number;
  /** Runs once the port listens. A rejection ends the process with exit code 1. Aborted by the first stop signal. */
  start?(signal: AbortSignal): Promise<void>;
  /** Runs after the last request was answered, before telemetry is flushed. */
  stop?(): Promise<void>;
  /** Maximum duration of the whole stop, in milliseconds. Default 25,000. */
  readonly stopWithinMs?: number;
}

const STOP_WITHIN_MS = 25_000;
const FLUSH_WITHIN_MS = 3_000;
/** Time in which a client must have sent its request. */
const REQUEST_WITHIN_MS = 30_000;

/**
 * Runs a service until SIGTERM or SIGINT, then ends the process: with exit code 0 after an orderly stop, 1 otherwise.
 *
 * Order: listen, start. On a signal: accept no more connections, answer the requests in flight, stop, flush telemetry. A second
 * signal, an uncaught exception, or a stop that takes too long ends the process at once.
 */
export function runService(options: ServiceOptions): void {
  const server = createAdaptorServer({ fetch: options.app.fetch }) as Server;
  server.requestTimeout = REQUEST_WITHIN_MS;
  server.on('clientError', answerClientError);
  const stopping = new AbortController();

  const fail = (error: unknown, message: string): never => {
    logger.fatal({ err: error }, message);
    process.exit(1);
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

async function startInOrder(server: Server, options: ServiceOptions, signal: AbortSignal): Promise<void> {
  server.listen(options.port, options.host);
  await once(server, 'listening', { signal });
  logger.info({ address: server.address() }, 'listening');
  await options.start?.(signal);
}

async function stopInOrder(server: Server, options: ServiceOptions): Promise<void> {
  const limitMs = options.stopWithinMs ?? STOP_WITHIN_MS;
  setTimeout(() => {
    logger.fatal(`not stopped within ${limitMs} ms`);
    process.exit(1);
  }, limitMs).unref();
  await closeServer(server);
  await options.stop?.();
  if (!(await stopTelemetry(FLUSH_WITHIN_MS))) logger.warn('not all telemetry was sent');
  logger.info('stopped');
}

/** Closes also the connections that become idle while others are still answered, which close() leaves open. */
async function closeServer(server: Server): Promise<void> {
  if (!server.listening) return;
  const sweep = setInterval(() => server.closeIdleConnections(), 50);
  const closed = once(server, 'close');
  server.close();
  await closed;
  clearInterval(sweep);
}
