import { DURATION_BOUNDS, meter, warnRateLimited } from '@standing-order/service-kit/telemetry';
import { Pool } from 'undici';
import { SidecarError, type SidecarOptions } from './types.ts';

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly etag: string | undefined;
}

export interface Call {
  /** Names the kind of call in metrics and logs. */
  readonly operation: string;
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly body?: string;
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
}

/** Speaks HTTP with the sidecar. Rejects with a SidecarError when there is no answer in time; any answer is an answer. */
export interface SidecarClient {
  call(call: Call): Promise<Answer>;
  close(): Promise<void>;
}

const DEADLINE_MS = 5_000;
const CLOSE_WITHIN_MS = 5_000;

const duration = meter.createHistogram('dapr.client.operation.duration', {
  description: 'Duration of calls to the sidecar, by what came of them',
  unit: 's',
  advice: { explicitBucketBoundaries: DURATION_BOUNDS },
});

/** A 409 is an answer like any other: somebody was faster. */
function report(operation: string, startedAt: number, status: number | undefined, why: string): void {
  duration.record((performance.now() - startedAt) / 1_000, { operation, status: status ?? 'none' });
  if (status === undefined || (status >= 400 && status !== 409)) {
    warnRateLimited(`sidecar ${operation} ${status}`, { operation, status, why }, 'a call to the sidecar failed');
  }
}

export function createClient(options: SidecarOptions): SidecarClient {
  const pool = new Pool(`http://${options.host ?? '127.0.0.1'}:${options.httpPort}`, {
    connections: options.connections ?? 64,
    // The signal of each call is its only deadline: it also covers the wait for a connection.
    headersTimeout: 0,
    bodyTimeout: 0,
    connectTimeout: options.deadlineMs ?? DEADLINE_MS,
  });
  const headers = {
    'content-type': 'application/json',
    ...(options.apiToken === undefined ? {} : { 'dapr-api-token': options.apiToken }),
  };

  async function call({ operation, method, path, body, deadlineMs, signal }: Call): Promise<Answer> {
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
      const why = deadline.aborted ? 'no answer in time' : error instanceof Error ? error.message : String(error);
      report(operation, startedAt, undefined, why);
      throw new SidecarError(`${method} ${path}: ${why}`, undefined, undefined, error);
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

  return { call, close };
}
