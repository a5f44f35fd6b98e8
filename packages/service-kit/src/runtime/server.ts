import { once } from 'node:events';
import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import { createAdaptorServer, type HttpBindings } from '@hono/node-server';
import type { Hono } from 'hono';
import { answerClientError } from '../http/client-error.ts';
import { CompactIncomingMessage } from './compact-incoming-message.ts';
import { limitPipelining } from './pipelining.ts';
import { boundedResponses, type UnsentResponseLimits } from './unsent-responses.ts';

/** Time in which a client must have sent its headers, and then its complete request: a body has at most 256 KiB. */
const HEADERS_WITHIN_MS = 10_000;
const REQUEST_WITHIN_MS = 20_000;
/** Node checks both deadlines in this interval; its default of 30 s would add up to 30 s to each of them. */
const CHECK_EVERY_MS = 1_000;
/**
 * An idle connection stays open for this much longer than the header Keep-Alive announces. A request that a client sends at the last
 * moment still finds it open.
 */
const KEEP_ALIVE_MARGIN_MS = 2_000;
/**
 * Maximum number of header fields of a request, as Apache has it; further ones are answered 431. With Node's 1,000, 4,000 connections
 * with half-sent headers of 10 KB took 350 MiB.
 */
const MAX_HEADERS = 100;
/**
 * Maximum of open connections, and of those that the system has not handed over yet. With Node's 511, a burst of connections of one
 * caller makes those of others wait for a second and more. An idle connection takes about 10 KiB. Beyond it, the connection gives way
 * that has had no request in flight for longest, then the oldest one with an incomplete request: those of one caller must keep out neither
 * other callers nor the liveness probe.
 */
export const MAX_CONNECTIONS = 4_096;
/** Connections that may be closing meanwhile. */
const CLOSING_CONNECTIONS = 1_024;
const SWEEP_EVERY_MS = 50;
/**
 * Time for bodies in transit when the server closes. A service that stops refuses deliveries, and is to be up again within the 6 s in
 * which Dapr repeats them (ADR 0031).
 */
const UPLOAD_WITHIN_MS = 2_000;

/** An HTTP server that can be closed while clients hold connections open. */
export interface ClosableServer {
  readonly server: Server;
  /**
   * Accepts no more connections, closes those without a request in flight at once, those with an incomplete request after 2 s, and
   * the others after their response or after `drainMs`. Resolves when all are closed.
   */
  close(drainMs: number): Promise<void>;
}

/** Limits of a server. Times are in milliseconds. */
export interface ServerLimits extends UnsentResponseLimits {
  /** Time for which an idle connection stays open. The deadlines of headers and requests do not run on an idle connection. */
  readonly keepAliveMs: number;
  /** Time in which a client must have sent the headers of a request. Default 10,000. */
  readonly headersWithinMs?: number;
  /** Time in which a client must have sent a complete request. Default 20,000. */
  readonly requestWithinMs?: number;
  /** Maximum number of open connections. Default 4,096. */
  readonly maxConnections?: number;
}

/** Creates the server of an application. */
export function createClosableServer(
  app: Hono,
  {
    keepAliveMs,
    headersWithinMs = HEADERS_WITHIN_MS,
    requestWithinMs = REQUEST_WITHIN_MS,
    maxConnections = MAX_CONNECTIONS,
    ...unsent
  }: ServerLimits,
): ClosableServer {
  const serverOptions = {
    headersTimeout: headersWithinMs,
    requestTimeout: requestWithinMs,
    keepAliveTimeout: keepAliveMs,
    keepAliveTimeoutBuffer: KEEP_ALIVE_MARGIN_MS,
    connectionsCheckingInterval: CHECK_EVERY_MS,
    IncomingMessage: CompactIncomingMessage,
    ServerResponse: boundedResponses(unsent),
  };
  const isAccepted = limitPipelining();
  const fetch = (request: Request, bindings: unknown) =>
    // The connection of a refused request is closed, so its response is not sent.
    isAccepted(bindings as HttpBindings)
      ? app.fetch(request, bindings as HttpBindings)
      : new Response(null, { status: 503 });
  const server = createAdaptorServer({ fetch, serverOptions }) as Server;
  server.maxConnections = maxConnections + CLOSING_CONNECTIONS;
  server.maxHeadersCount = MAX_HEADERS;
  server.on('request', discardUnreadBody);
  server.on('clientError', answerClientError);
  const connections = trackConnections(server, maxConnections);
  return {
    server,
    async close(drainMs) {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      let sweep = setInterval(connections.destroyIdle, SWEEP_EVERY_MS);
      const uploads = setTimeout(() => {
        clearInterval(sweep);
        sweep = setInterval(connections.destroyIncomplete, SWEEP_EVERY_MS);
      }, UPLOAD_WITHIN_MS);
      const deadline = setTimeout(connections.destroyAll, drainMs);
      connections.destroyIdle();
      await closed;
      clearInterval(sweep);
      clearTimeout(uploads);
      clearTimeout(deadline);
    },
  };
}

/** No operation reads the body of a GET or HEAD. Node would hold 64 KiB of it for as long as a stream or a wait is open. */
function discardUnreadBody(request: IncomingMessage): void {
  if (request.method === 'GET' || request.method === 'HEAD') request.resume();
}

/** Node's `closeIdleConnections` keeps a connection that has not sent a byte, so that one silent socket would delay every stop. */
function trackConnections(server: Server, max: number) {
  /** Those without a request in flight are in the order of their last one. */
  const open = new Set<Socket>();
  const busy = new Map<Socket, IncomingMessage>();
  server.on('connection', (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    if (open.size > max) giveWay(socket);
  });
  /** Destroys the longest idle connection, else the oldest one with an incomplete request, else the newest one. */
  function giveWay(newest: Socket): void {
    const socket =
      open.values().find((one) => one !== newest && !busy.has(one)) ??
      open.values().find((one) => busy.get(one)?.complete === false) ??
      newest;
    open.delete(socket);
    socket.destroy();
  }
  server.on('request', (request, response) => {
    busy.set(request.socket, request);
    // A client may send its next request before it has the response.
    response.once('close', () => {
      const { socket } = request;
      if (busy.get(socket) !== request) return;
      busy.delete(socket);
      if (open.delete(socket)) open.add(socket);
    });
  });
  const destroy = (isDue: (request: IncomingMessage | undefined) => boolean) => () => {
    for (const socket of open) if (isDue(busy.get(socket))) socket.destroy();
  };
  return {
    destroyIdle: destroy((request) => request === undefined),
    /** Also those whose request has not arrived completely. */
    destroyIncomplete: destroy((request) => !request?.complete),
    destroyAll: destroy(() => true),
  };
}
