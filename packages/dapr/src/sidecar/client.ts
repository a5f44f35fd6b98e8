import {
  type CallOptions,
  type Client,
  Code,
  ConnectError,
  createClient as createRpcClient,
} from '@connectrpc/connect';
import { Dapr } from '@dapr/dapr/proto/dapr/proto/runtime/v1/dapr_pb.js';
import { DURATION_BOUNDS, meter, warnRateLimited } from '@standing-order/service-kit/telemetry';
import { SidecarError, type SidecarOptions } from '../types.ts';
import { traced } from './traced.ts';
import { createTransport } from './transport.ts';

/** The sidecar's API, generated from Dapr's service definition. */
export type DaprService = Client<typeof Dapr>;

/** Deadline and cancellation of one call. */
export interface CallLimits {
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
}

/** Calls the sidecar's gRPC API. */
export interface SidecarClient {
  /**
   * Makes one call. Rejects with a SidecarError when the sidecar returns an error, and when there is no response within the
   * deadline. `operation` names the kind of call in metrics and logs.
   */
  send<R>(
    operation: string,
    call: (dapr: DaprService, options: CallOptions) => Promise<R>,
    limits?: CallLimits,
  ): Promise<R>;
  /** Waits for calls in flight, at most 5 s, then closes the connection. */
  close(): Promise<void>;
}

/** Default time within which a request to the sidecar must be answered, in milliseconds. */
export const DEADLINE_MS = 5_000;
/** Default number of requests that are in flight at a time; further requests wait. */
export const MAX_IN_FLIGHT = 64;
const CLOSE_WITHIN_MS = 5_000;

const duration = meter.createHistogram('dapr.client.operation.duration', {
  description: 'Duration of requests to the sidecar, by operation and status',
  unit: 's',
  advice: { explicitBucketBoundaries: DURATION_BOUNDS },
});

/** Records the duration of a request, and logs a failure. `reason` is undefined for a request that has not failed. */
export function reportRequest(operation: string, startedAt: number, status: string, reason: string | undefined): void {
  duration.record((performance.now() - startedAt) / 1_000, { operation, status });
  if (reason === undefined) return;
  warnRateLimited(
    `sidecar ${operation} ${status}`,
    { operation, status, reason: reason.slice(0, 300) },
    `request to the sidecar failed: ${operation}`,
  );
}

/** A client with its own connection. It opens the connection with the first call. */
export function createClient(options: SidecarOptions): SidecarClient {
  const deadlineMs = options.deadlineMs ?? DEADLINE_MS;
  const transport = createTransport({
    host: options.host ?? '127.0.0.1',
    port: options.grpcPort,
    headers: options.apiToken === undefined ? {} : { 'dapr-api-token': options.apiToken },
    maxInFlight: options.maxInFlight ?? MAX_IN_FLIGHT,
    deadlineMs,
  });
  const dapr = createRpcClient(Dapr, traced(transport));

  async function send<R>(
    operation: string,
    call: (dapr: DaprService, options: CallOptions) => Promise<R>,
    limits: CallLimits = {},
  ): Promise<R> {
    const startedAt = performance.now();
    const { signal } = limits;
    try {
      const response = await call(dapr, { timeoutMs: limits.deadlineMs ?? deadlineMs, ...(signal && { signal }) });
      reportRequest(operation, startedAt, 'ok', undefined);
      return response;
    } catch (error) {
      const { code, rawMessage } = ConnectError.from(error, Code.Internal);
      const status = Code[code].toLowerCase();
      // Aborted is no failure: another writer was faster.
      reportRequest(operation, startedAt, status, code === Code.Aborted ? undefined : rawMessage);
      throw new SidecarError(`${operation}: ${status}: ${rawMessage}`, code, error);
    }
  }

  return { send, close: () => transport.close(CLOSE_WITHIN_MS) };
}
