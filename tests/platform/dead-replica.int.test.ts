// @module-tag kafka
// @module-tag java
import { expect, test } from 'vitest';
import { answersOk, useWorld } from '../support/world.ts';

const world = useWorld(() => ({ broker: 'kafka' }));

test('a replica that is dead beside its live sidecar keeps no answers from the other one', async () => {
  const { platform } = world();
  await platform.kill('order-1');
  // So many that some of them are answered in partitions that the sidecar of the dead one has.
  const answers = await world().place(40, { replicas: [1] });
  expect(answers.map(({ status }) => status)).toEqual(Array(40).fill(202));
  expect((await world().allDecided(120_000)).statuses).toEqual({ VALIDATED: 40 });

  await platform.start('order-1');
  await answersOk(`${platform.urls.order[0]}/readyz`);
  await world().place(10);
  await world().allDecided();
});
