import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { kafkaProcess } from './kafka.ts';

test('the properties of Kafka name a data directory with characters outside of ASCII as Java reads it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'so-kafka-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const dataDir = join(folder, 'josé\\📦');
  await mkdir(dataDir);
  const ports = { port: 1, advertisedPort: 1, controllerPort: 2 };
  const kafka = kafkaProcess({ binary: 'true', java: 'java', ...ports, dataDir, properties: {} });
  await kafka.prepare?.(AbortSignal.timeout(10_000));
  const properties = await readFile(join(dataDir, 'kafka.properties'), 'utf8');
  expect(properties).toContain(`\nlog.dirs=${folder}/jos\\u00e9\\u005c\\ud83d\\udce6/kafka\n`);
  expect(kafka.program.env.LC_ALL).toBe('C.UTF-8');
});
