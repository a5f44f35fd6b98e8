import { ROOT_CONTEXT, trace } from '@opentelemetry/api';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { contextOf, currentTrace, recordSpan } from './trace.ts';

const hexOf = (length: number) =>
  fc
    .string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length })
    .filter((id) => !/^0+$/.test(id));

test('reads a stored trace parent back unchanged', () => {
  fc.assert(
    fc.property(
      hexOf(32),
      hexOf(16),
      fc.constantFrom('00', '01'),
      fc.constantFrom(undefined, 'a=b', 'a=b,c=d'),
      (traceId, spanId, flags, tracestate) => {
        const stored = { traceparent: `00-${traceId}-${spanId}-${flags}`, ...(tracestate && { tracestate }) };
        expect(currentTrace(contextOf(stored))).toEqual(stored);
      },
    ),
  );
});

test.each([
  undefined,
  { traceparent: '' },
  { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331' },
  { traceparent: '00-00000000000000000000000000000000-b7ad6b7169203331-01' },
  { traceparent: '00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01' },
  { traceparent: 'ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' },
  { traceparent: '00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01' },
])('%o is no trace parent, and none is invented', (parent) => {
  expect(contextOf(parent)).toBe(ROOT_CONTEXT);
  expect(currentTrace(contextOf(parent))).toBeUndefined();
});

test('reads the known parts of an unknown version and of unknown flags', () => {
  const context = contextOf({ traceparent: '01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-ff' });
  expect(trace.getSpanContext(context)?.traceFlags).toBe(1);
});

test('records an ended span in the trace of its parent', () => {
  const parent = contextOf({ traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' });
  const where = recordSpan('commit', {
    parent,
    startedAt: 1,
    endedAt: 2,
    links: [undefined, { traceparent: 'nonsense' }],
  });
  expect(where?.traceparent).toContain('0af7651916cd43dd8448eb211c80319c');
});
