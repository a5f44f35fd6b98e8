import { expect, it } from 'vitest';
import { requireFree } from './ports.ts';

it('a port that fetch refuses is named before anything is started on it', async () => {
  await expect(requireFree([{ part: 'order-1', port: 6000 }])).rejects.toThrow(
    'port 6000, which order-1 needs, is one that fetch and browsers refuse to call',
  );
});
