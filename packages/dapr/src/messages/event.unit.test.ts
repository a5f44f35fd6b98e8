import { expect, test } from 'vitest';
import { createEvent } from './event.ts';

const draft = { id: 'e1', source: '/order', type: 'a.v1', subject: 'o1', time: 0, data: { n: 1 }, trace: undefined };

test('an event has its trace as traceparent and traceid, or neither', () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  expect(createEvent({ ...draft, trace: { traceparent, tracestate: 'a=b' } })).toMatchObject({
    traceparent,
    traceid: traceparent,
    tracestate: 'a=b',
  });
  expect(createEvent({ ...draft, trace: { traceparent } })).not.toHaveProperty('tracestate');
  const untraced = createEvent(draft);
  expect(untraced).not.toHaveProperty('traceparent');
  expect(untraced).not.toHaveProperty('traceid');
});

test('an event has the content type and schema of its data', () => {
  expect(createEvent(draft)).toEqual({
    specversion: '1.0',
    id: 'e1',
    source: '/order',
    type: 'a.v1',
    subject: 'o1',
    time: '1970-01-01T00:00:00.000Z',
    datacontenttype: 'application/json',
    dataschema: 'urn:standing-order:a.v1',
    data: { n: 1 },
  });
});
