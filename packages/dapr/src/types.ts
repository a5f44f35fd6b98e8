import type { CloudEvent, TraceParent } from '@standing-order/contracts';
import type { Operation, Store, Stored, TransactionOutcome, WriteOutcome } from '@standing-order/outbox';
import { UnavailableError } from '@standing-order/service-kit/http';

export type { CloudEvent, Operation, Store, Stored, TraceParent, TransactionOutcome, WriteOutcome };

export interface SidecarOptions {
  readonly httpPort: number;
  /** Default 127.0.0.1: a sidecar is on the same machine. */
  readonly host?: string;
  /** DAPR_API_TOKEN, if the sidecar asks for one. */
  readonly apiToken?: string | undefined;
  /** Most connections at a time; what is more waits, within its deadline. Default 64. */
  readonly connections?: number;
  /** How long one call may take, waiting for a connection included, in milliseconds. Default 5,000. */
  readonly deadlineMs?: number;
}

/** The sidecar answered something that this call cannot use, or not in time. `status` is absent when there was no answer. */
export class SidecarError extends UnavailableError {
  override readonly name = 'SidecarError';
  readonly status: number | undefined;
  /** Dapr's errorCode, if it gave one. */
  readonly code: string | undefined;
  constructor(message: string, status?: number, code?: string, cause?: unknown) {
    super(message, { cause });
    this.status = status;
    this.code = code;
  }
}

/** A component that this platform cannot work with; the message says why, and trying again does not help. */
export class UnsupportedComponentError extends Error {
  override readonly name = 'UnsupportedComponentError';
}

/** One component as /v1.0/metadata names it. */
export interface Component {
  readonly name: string;
  readonly type: string;
  readonly version: string;
  readonly capabilities: readonly string[];
}

export interface SidecarMetadata {
  readonly appId: string;
  readonly runtimeVersion: string;
  readonly components: readonly Component[];
}

/** created: it is stored. exists: the key was taken. unknown: it may be stored, now or later. refused: the request was wrong, nothing is stored. */
export type InsertOutcome = 'created' | 'exists' | 'unknown' | 'refused';

/** A state store: the outbox's port, and single calls for services that keep entities. */
export interface StateStore extends Store {
  /** Undefined when the key is missing. Rejects with a SidecarError when the store can't be read. */
  get(key: string): Promise<Stored | undefined>;
  /** Creates only. Never rejects. */
  insert(key: string, value: unknown): Promise<InsertOutcome>;
  /** Compare-and-set of one item. Never rejects. On Redis a key that was deleted meanwhile is created again. */
  update(key: string, value: unknown, etag: string): Promise<WriteOutcome>;
}

/** A message on its way out. */
export interface Publication {
  readonly event: CloudEvent;
  /** Messages with equal keys stay in order where the broker can do that. */
  readonly partitionKey?: string;
}

/** A call of another application's method: POST, JSON both ways. */
export interface Invocation {
  readonly app: string;
  readonly method: string;
  readonly body: unknown;
  /** For all attempts of the sidecar together, waiting for a connection included. */
  readonly deadlineMs: number;
}

/** `body` is undefined when it is no JSON. */
export interface InvocationResponse {
  readonly status: number;
  readonly body: unknown;
}

export interface Sidecar {
  /** Calls another application through its sidecar. Any answer is an answer; rejects with a SidecarError when there is none in time. */
  invoke(invocation: Invocation): Promise<InvocationResponse>;
  /** The component with the dialect that it needs. Rejects with UnsupportedComponentError, or SidecarError when the sidecar doesn't answer. */
  store(name: string): Promise<StateStore>;
  /**
   * Publishes in bulk; says for each message, in order, whether the broker took it. Never rejects. `false` does not say that
   * it was not sent.
   */
  publish(pubsub: string, topic: string, messages: readonly Publication[]): Promise<readonly boolean[]>;
  /** Resolves once the sidecar's outbound side works; rejects with a SidecarError after `deadlineMs`, or when aborted. */
  waitReady(deadlineMs: number, signal?: AbortSignal): Promise<void>;
  /** Waits for calls under way, at most 5 s, then closes all connections. */
  close(): Promise<void>;
}
