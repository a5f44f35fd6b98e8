import type { Context } from '@opentelemetry/api';
import type { Hono } from 'hono';
import type { z } from 'zod';
import type { CloudEvent, Sidecar, SidecarOptions, TraceParent } from './types.ts';

export * from './types.ts';

export declare function createSidecar(options: SidecarOptions): Sidecar;

export interface EventDraft<Type extends string, Data> {
  readonly id: string;
  /** Who sends it, as a URI reference: `/order`. */
  readonly source: string;
  readonly type: Type;
  readonly subject: string;
  /** Unix time in milliseconds. */
  readonly time: number;
  readonly data: Data;
  readonly trace: TraceParent | undefined;
}

/** A CloudEvents 1.0 envelope; `dataschema` follows from the type. */
export declare function createEvent<Type extends string, Data>(draft: EventDraft<Type, Data>): CloudEvent<Type, Data>;

/** success: done, do not send it again. retry: send it again. */
export type DeliveryOutcome = 'success' | 'retry';

export interface Delivery<M> {
  readonly message: M;
  /** Holds this message's own `process` span, in the trace of its order. */
  readonly context: Context;
}

export interface Subscription<M extends CloudEvent> {
  readonly sidecar: Pick<Sidecar, 'publish'>;
  readonly pubsub: string;
  readonly topic: string;
  readonly deadLetter: string;
  /** Name of the sender of dead letters, as a URI reference: `/consumer`. */
  readonly source: string;
  readonly schema: z.ZodType<M>;
  /** How long `handle` may take, in milliseconds; past it, all its entries are answered RETRY. Default 20,000. */
  readonly deadlineMs?: number;
  /** All valid messages of one delivery. One outcome each, in order. A rejection means retry for all. */
  handle(batch: readonly Delivery<M>[]): Promise<readonly DeliveryOutcome[]>;
}

/** Adds POST /messages/{topic} to the app, for bulk and for single deliveries. */
export declare function subscribe<M extends CloudEvent>(app: Hono, subscription: Subscription<M>): void;
