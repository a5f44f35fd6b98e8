import type { Code } from '@connectrpc/connect';
import type { CloudEvent, TraceParent } from '@standing-order/contracts';
import type { Operation, Store, Stored, TransactionOutcome, WriteItem, WriteOutcome } from '@standing-order/outbox';
import { UnavailableError } from '@standing-order/service-kit/http';

export type { CloudEvent, Operation, Store, Stored, TraceParent, TransactionOutcome, WriteItem, WriteOutcome };

/** How the sidecar is reached. */
export interface SidecarOptions {
  /** Port of its gRPC API: state and publishing. */
  readonly grpcPort: number;
  /** Port of its HTTP API: invocation. */
  readonly httpPort: number;
  /** Default 127.0.0.1: a sidecar runs on the same machine. */
  readonly host?: string;
  /** DAPR_API_TOKEN, if the sidecar requires one. */
  readonly apiToken?: string | undefined;
  /** Maximum number of requests in flight on each port; further requests wait, within their deadlines. Default 64. */
  readonly maxInFlight?: number;
  /** Deadline of one request, including the wait for a connection, in milliseconds. Default 5,000. */
  readonly deadlineMs?: number;
}

/** The sidecar returned an error, or a response that cannot be used, or none within the deadline. */
export class SidecarError extends UnavailableError {
  override readonly name = 'SidecarError';
  /** gRPC's status code, if the request has one. */
  readonly code: Code | undefined;
  constructor(message: string, code?: Code, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

/** The component is missing or of a kind that is not supported; the message has the reason. A retry does not help. */
export class UnsupportedComponentError extends Error {
  override readonly name = 'UnsupportedComponentError';
}

/** One component, as the sidecar's metadata lists it. */
export interface Component {
  readonly name: string;
  readonly type: string;
  readonly version: string;
  readonly capabilities: readonly string[];
}

/** The sidecar's own application, version and components. */
export interface SidecarMetadata {
  readonly appId: string;
  readonly runtimeVersion: string;
  readonly components: readonly Component[];
}

/**
 * created: the value is stored. exists: the key exists. unknown: the value may be stored, now or later. refused: the request
 * was invalid, and the value is not stored.
 */
export type InsertOutcome = 'created' | 'exists' | 'unknown' | 'refused';

/** A state store: the outbox's port, and single requests for services that keep entities. */
export interface StateStore extends Store {
  /** Undefined when the key is missing. Rejects with a SidecarError when the store cannot be read. */
  get(key: string): Promise<Stored | undefined>;
  /** Creates only. Never rejects. With `expiresInSeconds`, the store deletes the key after that time. */
  insert(key: string, value: unknown, expiresInSeconds?: number): Promise<InsertOutcome>;
  /** Compare-and-set of one item. Never rejects. On Redis it creates a key that was deleted in between. */
  update(key: string, value: unknown, etag: string): Promise<WriteOutcome>;
}

/** A message to publish. */
export interface Publication {
  readonly event: CloudEvent;
  /** Messages with equal keys stay in order, if the broker supports it. */
  readonly partitionKey?: string;
}

/** A call of another application's method: POST, with JSON as request and response. */
export interface Invocation {
  readonly app: string;
  readonly method: string;
  readonly body: unknown;
  /** For all attempts of the sidecar together, including the wait for a connection. */
  readonly deadlineMs: number;
}

/** The response of another application. `body` is undefined when it is not JSON. */
export interface InvocationResponse {
  readonly status: number;
  readonly body: unknown;
}

/** The Dapr sidecar of this process. */
export interface Sidecar {
  /**
   * Calls another application through its sidecar. Resolves with a response of any status. Rejects with a SidecarError when
   * there is no response within the deadline.
   */
  invoke(invocation: Invocation): Promise<InvocationResponse>;
  /**
   * The state store component of this name, with its dialect. Rejects with an UnsupportedComponentError, or with a SidecarError
   * when the sidecar does not answer.
   */
  store(name: string): Promise<StateStore>;
  /** The components that the sidecar has loaded. Rejects with a SidecarError when the sidecar does not answer. */
  components(): Promise<readonly Component[]>;
  /**
   * Publishes in bulk. Returns for each message, in order, whether the broker accepted it. Never rejects. `false` does not
   * prove that the message was not sent.
   */
  publish(pubsub: string, topic: string, messages: readonly Publication[]): Promise<readonly boolean[]>;
  /** Resolves once the sidecar is ready for outbound requests; rejects with a SidecarError after `deadlineMs`, or when aborted. */
  waitReady(deadlineMs: number, signal?: AbortSignal): Promise<void>;
  /** Waits for requests in flight, at most 5 s, then closes all connections. */
  close(): Promise<void>;
}
