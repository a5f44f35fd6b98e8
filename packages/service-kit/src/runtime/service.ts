import { once } from 'node:events';
import type { Server } from 'node:http';
import { createAdaptorServer } from '@hono/node-server';
import type { Hono } from 'hono';
import { answerClientError } from '../http/client-error.ts';
import { logger, stopTelemetry } from '../telemetry/index.ts';

export interface ServiceOptions {
  readonly app: Hono;
  readonly host: string;
  readonly port: number;
  /** Runs once the port listens; a rejection ends the process with exit code 1. Aborted when the service is told to stop. */
  start?(signal: AbortSignal): Promise<void>;
  /** Runs after the last request was answered, before telemetry is flushed. */
  stop?(): Promise<void>;
  /** How long stopping may take in all, in milliseconds. Default 25,000. */
  readonly stopWithinMs?: number;
}

const STOP_WITHIN_MS = 25_000;
const FLUSH_WITHIN_MS = 3_000;
/** A client that sends its request slower than this is cut off. */
const REQUEST_WITHIN_MS = 30_000;

/**
 * Runs a service until SIGTERM or SIGINT, then ends the process: 0 after an orderly stop, 1 otherwise.
 *
 * Order: listen, start; then on a signal: take no more connections, answer what is under way, stop, flush telemetry. A
 * second signal, an exception that nobody caught, or a stop that takes too long ends the process at once.
 */
export function runService(options: ServiceOptions): void {
  const server = createAdaptorServer({ fetch: options.app.fetch }) as Server;
  server.requestTimeout = REQUEST_WITHIN_MS;
  server.on('clientError', answerClientError);
  const stopping = new AbortController();

  const die = (error: unknown, message: string): never => {
    logger.fatal({ err: error }, message);
    process.exit(1);
  };
  process.on('uncaughtException', (error) => die(error, 'uncaught exception'));
  process.on('unhandledRejection', (error) => die(error, 'unhandled rejection'));

  const onSignal = (signal: string): void => {
    if (stopping.signal.aborted) die(undefined, `${signal} again: ending at once`);
    stopping.abort();
    logger.info(`${signal}: stopping`);
    stopInOrder(server, options).then(
      () => process.exit(0),
      (error) => die(error, 'could not stop in order'),
    );
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);

  startInOrder(server, options, stopping.signal).catch((error) => {
    if (!stopping.signal.aborted) die(error, 'could not start');
  });
}

async function startInOrder(server: Server, options: ServiceOptions, signal: AbortSignal): Promise<void> {
  server.listen(options.port, options.host);
  await once(server, 'listening', { signal });
  logger.info({ address: server.address() }, 'listening');
  await options.start?.(signal);
}

async function stopInOrder(server: Server, options: ServiceOptions): Promise<void> {
  const within = options.stopWithinMs ?? STOP_WITHIN_MS;
  setTimeout(() => {
    logger.fatal(`not stopped within ${within} ms`);
    process.exit(1);
  }, within).unref();
  await closeServer(server);
  await options.stop?.();
  if (!(await stopTelemetry(FLUSH_WITHIN_MS))) logger.warn('telemetry could not be sent completely');
  logger.info('stopped');
}

/** Connections that fall idle while others are still answered are not closed by close() itself. */
async function closeServer(server: Server): Promise<void> {
  if (!server.listening) return;
  const sweep = setInterval(() => server.closeIdleConnections(), 50);
  const closed = once(server, 'close');
  server.close();
  await closed;
  clearInterval(sweep);
}
