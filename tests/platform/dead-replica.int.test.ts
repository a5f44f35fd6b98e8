// @module-tag kafka
// @module-tag java
import { expect, test } from 'vitest';
import { answersOk, usePlatform } from '../support/platform-fixture.ts';

const fixture = usePlatform(() => ({ broker: 'kafka' }));

test('a dead replica with a live sidecar withholds no replies from the other replica', async () => {
  const { platform } = fixture();
  await platform.kill('order-1');
  // Enough orders that some replies arrive in partitions of the dead replica's sidecar.
  const answers = await fixture().place(40, { replicas: [1] });
  expect(answers.map(({ status }) => status)).toEqual(Array(40).fill(202));
  expect((await fixture().allDecided(120_000)).statuses).toEqual({ VALIDATED: 40 });

  await platform.start('order-1');
  await answersOk(`${platform.urls.order[0]}/readyz`);
  await fixture().place(10);
  await fixture().allDecided();
});
