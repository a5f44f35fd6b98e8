import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { replicaPorts } from '../ports.ts';
import { serviceProcess } from './service.ts';

test('a service has the memory settings of the image', async () => {
  const image = await readFile(new URL('../../../images/Dockerfile', import.meta.url), 'utf8');
  const { program } = serviceProcess({
    ...{ name: 'order-1', service: 'order', main: '', ports: replicaPorts(4000, 'order', 1) },
    ...{ tokens: { dapr: '', app: '' }, env: {} },
  });
  expect(image).toContain(`ENV MALLOC_ARENA_MAX=${program.env.MALLOC_ARENA_MAX}\n`);
});
