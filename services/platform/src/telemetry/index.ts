import type { Attributes, Context, Meter, Span, SpanKind, Tracer } from '@opentelemetry/api';
import type { TraceParent } from '@standing-order/contracts';
import type { Logger } from 'pino';

export type { Context, Logger, Span, TraceParent };

/** The process's logger: JSON lines on stdout, with trace_id and span_id of the active span. Level: LOG_LEVEL. */
export declare const logger: Logger;
export declare const tracer: Tracer;
export declare const meter: Meter;

/** Header names and values as a trace parent, if they are one. */
export declare function contextOf(trace: TraceParent | undefined): Context;

/** Where the active (or the given) context's span is, for documents and messages. */
export declare function currentTrace(context?: Context): TraceParent | undefined;

export interface SpanOptions {
  readonly kind?: SpanKind;
  readonly attributes?: Attributes;
  /** What else it belongs to, beside its parent. */
  readonly links?: readonly (TraceParent | undefined)[];
  /** Parent; default the active context. */
  readonly parent?: Context;
}

/** Runs `work` inside a span; an exception is recorded, marks the span as failed, and is thrown on. */
export declare function inSpan<T>(
  name: string,
  options: SpanOptions,
  work: (span: Span, context: Context) => Promise<T>,
): Promise<T>;

export interface RecordedSpan extends SpanOptions {
  /** Unix time in milliseconds. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly error?: string;
}

/** Records a span after the fact, in the trace of `parent`. Returns where it is. */
export declare function recordSpan(name: string, span: RecordedSpan): TraceParent | undefined;

/** All metrics of this process in Prometheus' text format. */
export declare function metricsText(): Promise<string>;

/** Sends what is still buffered, at most `deadlineMs`, and stops. */
export declare function stopTelemetry(deadlineMs: number): Promise<void>;
