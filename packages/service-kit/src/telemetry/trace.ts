import {
  type Attributes,
  type Context,
  context,
  createTraceState,
  isSpanContextValid,
  type Link,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  type SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import type { CloudEvent, TraceParent } from '@standing-order/contracts';

const tracer = trace.getTracer('standing-order');

const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

function spanContextOf(parent: TraceParent | undefined): SpanContext | undefined {
  const match = parent && TRACEPARENT.exec(parent.traceparent);
  if (!match) return undefined;
  const [, traceId = '', spanId = '', flags = ''] = match;
  const spanContext: SpanContext = {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16) & 1,
    isRemote: true,
    ...(parent.tracestate && { traceState: createTraceState(parent.tracestate) }),
  };
  return isSpanContextValid(spanContext) ? spanContext : undefined;
}

/** The context of a stored or received trace parent; a root context when there is none, or it is none. */
export function contextOf(parent: TraceParent | undefined): Context {
  const spanContext = spanContextOf(parent);
  return spanContext ? trace.setSpanContext(ROOT_CONTEXT, spanContext) : ROOT_CONTEXT;
}

function traceParentOf(spanContext: SpanContext | undefined): TraceParent | undefined {
  if (!spanContext || !isSpanContextValid(spanContext)) return undefined;
  const flags = spanContext.traceFlags & 1 ? '01' : '00';
  const tracestate = spanContext.traceState?.serialize();
  return { traceparent: `00-${spanContext.traceId}-${spanContext.spanId}-${flags}`, ...(tracestate && { tracestate }) };
}

/** Where the span of the active (or the given) context is, to be kept in a document or sent in a message. */
export const currentTrace = (of: Context = context.active()): TraceParent | undefined =>
  traceParentOf(trace.getSpanContext(of));

/** Where a message says that it comes from. */
export const traceOf = ({ traceparent, tracestate }: CloudEvent): TraceParent | undefined =>
  traceparent === undefined ? undefined : { traceparent, ...(tracestate && { tracestate }) };

/** Whether somebody records this trace: spans in one that nobody records only cost time. Looks at the flag alone. */
export const isTraced = (parent: TraceParent | undefined): parent is TraceParent =>
  parent !== undefined && (Number.parseInt(parent.traceparent.slice(-2), 16) & 1) === 1;

export interface SpanOptions {
  readonly kind?: SpanKind;
  readonly attributes?: Attributes;
  /** What else it belongs to, beside its parent. Those that are no trace parents are left out. */
  readonly links?: readonly (TraceParent | undefined)[];
  /** Default: the active context. */
  readonly parent?: Context;
}

const linksOf = (links: SpanOptions['links']): Link[] =>
  (links ?? [])
    .map(spanContextOf)
    .filter((found) => found !== undefined)
    .map((found) => ({ context: found }));

/** Starts a span; whoever starts it ends it. */
export function startSpan(name: string, options: SpanOptions & { readonly startTime?: number }): Span {
  const { kind, attributes, links, parent, startTime } = options;
  return tracer.startSpan(
    name,
    {
      ...(kind !== undefined && { kind }),
      ...(attributes && { attributes }),
      ...(links && { links: linksOf(links) }),
      ...(startTime !== undefined && { startTime }),
    },
    parent ?? context.active(),
  );
}

/** Marks a span as failed. */
export function failSpan(span: Span, error: unknown): void {
  if (error instanceof Error) span.recordException(error);
  span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.message : String(error) });
}

/** Runs `work` inside a span. An exception is recorded, marks the span as failed, and is thrown on. */
export async function inSpan<T>(
  name: string,
  options: SpanOptions,
  work: (span: Span, context: Context) => Promise<T>,
): Promise<T> {
  const span = startSpan(name, options);
  const inside = trace.setSpan(options.parent ?? context.active(), span);
  try {
    return await context.with(inside, () => work(span, inside));
  } catch (error) {
    failSpan(span, error);
    throw error;
  } finally {
    span.end();
  }
}

export interface RecordedSpan extends SpanOptions {
  /** Unix time in milliseconds. */
  readonly startedAt: number;
  readonly endedAt: number;
  /** Why it failed, if it did. */
  readonly error?: string;
}

/** Records a span after the fact. Returns where it is, for links to it. */
export function recordSpan(name: string, recorded: RecordedSpan): TraceParent | undefined {
  const span = startSpan(name, { ...recorded, startTime: recorded.startedAt });
  if (recorded.error !== undefined) failSpan(span, recorded.error);
  span.end(recorded.endedAt);
  return traceParentOf(span.spanContext());
}

/**
 * Runs `work` in no trace at all: for what one request happens to start and many share, as a batch or a loop. Otherwise it
 * would be recorded in the trace of whoever came first.
 */
export const runDetached = <T>(work: () => T): T => context.with(ROOT_CONTEXT, work);
