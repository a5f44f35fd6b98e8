import { expect, test } from 'vitest';
import { chartImage } from './release.ts';

test('chartImage reads an image from the values of the chart', async () => {
  await expect(chartImage('redisImage')).resolves.toMatch(/^redis:/);
  await expect(chartImage('noImage')).rejects.toThrow('no value noImage');
});
