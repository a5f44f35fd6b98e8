import { Pool } from 'undici';
import { type Invocation, type InvocationResponse, SidecarError, type SidecarOptions } from '../types.ts';
import { DEADLINE_MS, MAX_IN_FLIGHT, reportRequest } from './client.ts';

const CLOSE_WITHIN_MS = 5_000;

/** Calls other applications over the sidecar's HTTP API. Dapr has deprecated the call of an HTTP application over gRPC (ADR 0082). */
export interface Invoker {
  /** Resolves with a response of any status. Rejects with a SidecarError when there is none within the deadline. */
  invoke(invocation: Invocation): Promise<InvocationResponse>;
  close(): Promise<void>;
}

/** Its connections are its own: a called service that hangs must not delay calls of the state store. */
export function createInvoker(options: SidecarOptions): Invoker {
  const pool = new Pool(`http://${options.host ?? '127.0.0.1'}:${options.httpPort}`, {
    connections: options.maxInFlight ?? MAX_IN_FLIGHT,
    // The signal of each request is its only deadline: it also covers the wait for a connection.
    headersTimeout: 0,
    bodyTimeout: 0,
    connectTimeout: options.deadlineMs ?? DEADLINE_MS,
  });
  const headers = {
    'content-type': 'application/json',
    ...(options.apiToken === undefined ? {} : { 'dapr-api-token': options.apiToken }),
  };

  async function invoke({ app, method, body, deadlineMs }: Invocation): Promise<InvocationResponse> {
    const operation = `invoke ${app}`;
    const signal = AbortSignal.timeout(deadlineMs);
    const startedAt = performance.now();
    try {
      const path = `/v1.0/invoke/${encodeURIComponent(app)}/method/${method}`;
      const response = await pool.request({ method: 'POST', path, body: JSON.stringify(body), headers, signal });
      const text = await response.body.text();
      const status = response.statusCode;
      reportRequest(operation, startedAt, String(status), status >= 400 && status !== 409 ? text : undefined);
      return { status, body: parseJson(text) };
    } catch (error) {
      const reason = signal.aborted ? 'deadline exceeded' : error instanceof Error ? error.message : String(error);
      reportRequest(operation, startedAt, 'none', reason);
      throw new SidecarError(`${operation}: ${reason}`, undefined, error);
    }
  }

  async function close(): Promise<void> {
    const giveUp = setTimeout(() => void pool.destroy(), CLOSE_WITHIN_MS);
    try {
      await pool.close();
    } finally {
      clearTimeout(giveUp);
    }
  }

  return { invoke, close };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
