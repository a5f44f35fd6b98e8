import { DURATION_BOUNDS, meter, warnRateLimited } from '@standing-order/service-kit/telemetry';
import { Pool } from 'undici';
import { SidecarError, type SidecarOptions } from '../types.ts';

/** The sidecar's response to one request. */
export interface SidecarResponse {
  readonly status: number;
  readonly body: string;
  readonly etag: string | undefined;
}

/** One request to the sidecar. */
export interface SidecarRequest {
  /** Names the kind of request in metrics and logs. */
  readonly operation: string;
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly body?: string;
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * HTTP client of the sidecar. Resolves with a response of any status. Rejects with a SidecarError when there is no response
 * within the deadline.
 */
export interface SidecarClient {
  send(request: SidecarRequest): Promise<SidecarResponse>;
  close(): Promise<void>;
}

const DEADLINE_MS = 5_000;
const CLOSE_WITHIN_MS = 5_000;

const duration = meter.createHistogram('dapr.client.operation.duration', {
  description: 'Duration of requests to the sidecar, by operation and status',
  unit: 's',
  advice: { explicitBucketBoundaries: DURATION_BOUNDS },
});

/** Records the duration, and logs a failure. A 409 is none: another writer was faster. */
function report(operation: string, startedAt: number, status: number | undefined, reason: string): void {
  duration.record((performance.now() - startedAt) / 1_000, { operation, status: status ?? 'none' });
  if (status === undefined || (status >= 400 && status !== 409)) {
    warnRateLimited(
      `sidecar ${operation} ${status}`,
      { operation, status, reason },
      `request to the sidecar failed: ${operation}`,
    );
  }
}

/** A client with its own pool of connections. Opens no connection before the first request. */
export function createClient(options: SidecarOptions): SidecarClient {
  const pool = new Pool(`http://${options.host ?? '127.0.0.1'}:${options.httpPort}`, {
    connections: options.connections ?? 64,
    // The signal of each request is its only deadline: it also covers the wait for a connection.
    headersTimeout: 0,
    bodyTimeout: 0,
    connectTimeout: options.deadlineMs ?? DEADLINE_MS,
  });
  const headers = {
    'content-type': 'application/json',
    ...(options.apiToken === undefined ? {} : { 'dapr-api-token': options.apiToken }),
  };

  async function send(request: SidecarRequest): Promise<SidecarResponse> {
    const { operation, method, path, body, deadlineMs, signal } = request;
    const deadline = AbortSignal.timeout(deadlineMs ?? options.deadlineMs ?? DEADLINE_MS);
    const startedAt = performance.now();
    try {
      const response = await pool.request({
        method,
        path,
        body: body ?? null,
        headers,
        signal: signal ? AbortSignal.any([deadline, signal]) : deadline,
      });
      const etag = response.headers.etag;
      const text = await response.body.text();
      report(operation, startedAt, response.statusCode, text.slice(0, 300));
      return { status: response.statusCode, body: text, etag: typeof etag === 'string' ? etag : undefined };
    } catch (error) {
      const reason = deadline.aborted ? 'deadline exceeded' : error instanceof Error ? error.message : String(error);
      report(operation, startedAt, undefined, reason);
      throw new SidecarError(`${method} ${path}: ${reason}`, undefined, undefined, error);
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

  return { send, close };
}
