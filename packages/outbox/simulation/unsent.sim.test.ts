import { expect, test } from 'vitest';
import { runShortOfNumbers } from './scenario-variants.ts';

test('an order answered `unsent` because no segment number was reserved in time is not stored later', async () => {
  const { violation, outcomes } = await runShortOfNumbers({});
  expect(violation).toBeUndefined();
  expect(outcomes.get('unsent')).toBeGreaterThan(10);
});
