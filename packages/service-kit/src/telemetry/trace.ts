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

/** The context of a stored or received trace parent; a root context when there is none, or it is invalid. */
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

/** The trace parent of the active (or the given) context, to store in a document or send in a message. */
export const currentTrace = (of: Context = context.active()): TraceParent | undefined =>
  traceParentOf(trace.getSpanContext(of));

/** The trace parent of a message. */
export const traceOf = ({
  traceparent,
  tracestate,
}: Pick<CloudEvent, 'traceparent' | 'tracestate'>): TraceParent | undefined =>
  traceparent === undefined ? undefined : { traceparent, ...(tracestate && { tracestate }) };

/** Whether this trace is recorded, by its flag alone. Spans in a trace that is not recorded only cost time. */
export const isTraced = (parent: TraceParent | undefined): parent is TraceParent =>
  parent !== undefined && (Number.parseInt(parent.traceparent.slice(-2), 16) & 1) === 1;

/** Kind, attributes, links and parent of a span. */
export interface SpanOptions {
  readonly kind?: SpanKind;
  readonly attributes?: Attributes;
  /** Other traces that the span belongs to. Invalid ones are ignored. */
  readonly links?: readonly (TraceParent | undefined)[];
  /** Default: the active context. */
  readonly parent?: Context;
}

const linksOf = (links: SpanOptions['links']): Link[] =>
  (links ?? [])
    .map(spanContextOf)
    .filter((found) => found !== undefined)
    .map((found) => ({ context: found }));

/** Starts a span. The caller ends it. */
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

/** Runs `work` inside a span. An exception is recorded, marks the span as failed, and is rethrown. */
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

/** A span that has ended already. */
export interface RecordedSpan extends SpanOptions {
  /** Unix time in milliseconds. */
  readonly startedAt: number;
  readonly endedAt: number;
  /** The reason if it failed. */
  readonly error?: string;
}

/** Records a span that has ended. Returns its trace parent, for links. */
export function recordSpan(name: string, recorded: RecordedSpan): TraceParent | undefined {
  const span = startSpan(name, { ...recorded, startTime: recorded.startedAt });
  if (recorded.error !== undefined) failSpan(span, recorded.error);
  span.end(recorded.endedAt);
  return traceParentOf(span.spanContext());
}

/**
 * Runs `work` outside any trace: for a batch or a loop that one request starts and many share. Otherwise it would be recorded in
 * the trace of the request that started it.
 */
export const runDetached = <T>(work: () => T): T => context.with(ROOT_CONTEXT, work);
