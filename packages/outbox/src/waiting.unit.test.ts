import { expect, test } from 'vitest';
import { atRest, contextOf, countFrom, MemoryStore, manualClock } from '../test/parts.ts';
import { createOutbox } from './outbox.ts';
import { CHANNEL_PROBE_MS } from './relay/channel.ts';
import { MINUTE, SECOND } from './util/time.ts';

test('waiting documents are reported during an outage: how many, since when, how often sent and when next', async () => {
  const clock = manualClock();
  const outbox = createOutbox(contextOf(new MemoryStore(), clock));
  await outbox.start();
  const accepted = ['a', 'b', 'c'].map((id, i) => outbox.store({ ...countFrom(id), createdAt: 3 - i }, MINUTE));
  for (let i = 0; i < 600; i++) {
    clock.go(SECOND / 10);
    await atRest();
  }
  await Promise.all(accepted);
  const { stored, loaded, channels, documents } = outbox.waiting(2);
  expect([stored, loaded]).toEqual([3, 3]);
  expect(channels).toMatchObject([{ channel: 'more', inFlight: 3, blocked: 0, parked: 0, oldest: 1 }]);
  expect(channels[0]?.attempts).toBeGreaterThan(2);
  expect(channels[0]?.nextAttempt).toBeGreaterThanOrEqual(clock.wall());
  expect(channels[0]?.nextAttempt).toBeLessThanOrEqual(clock.wall() + 1.2 * CHANNEL_PROBE_MS);
  expect(documents.map(({ id }) => id)).toEqual(['c', 'b']);
  const recorded = outbox.record(['a', 'b', 'c'].map((id) => ({ id, reply: 100 })));
  clock.go(SECOND);
  await recorded;
  const idle = { channel: 'more', inFlight: 0, blocked: 0, parked: 0, attempts: 0 };
  expect(outbox.waiting(2)).toMatchObject({ loaded: 0, channels: [idle], documents: [] });
  expect(outbox.waiting(2).channels).toEqual([idle]);
  await outbox.leave();
});
