import { expect, test } from 'vitest';
import { requirePlatform } from './client.ts';

test('without a platform in the data directory, the error names the directory and the next step', async () => {
  await expect(requirePlatform('/nonexistent/data')).rejects.toThrow(
    'no platform runs in /nonexistent/data; start one with "npm start", or give the directory of a running one with --data-dir',
  );
});
