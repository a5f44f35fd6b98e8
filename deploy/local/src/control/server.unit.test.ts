import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import type { Supervisor } from '../supervisor.ts';
import { sendRequest } from './client.ts';
import { serveControl } from './server.ts';

test('a client that sends no request causes no unhandled rejection, which would end the platform', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'so-control-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const rejections: unknown[] = [];
  const onRejection = (reason: unknown) => rejections.push(reason);
  process.on('unhandledRejection', onRejection);
  onTestFinished(() => void process.off('unhandledRejection', onRejection));

  const path = join(folder, 'control.sock');
  const control = await serveControl(path, { views: () => [] } as unknown as Supervisor);
  const silent = connect(path);
  await once(silent, 'connect');
  // The answer to a later client proves that the server has accepted the silent one.
  expect(await sendRequest(path, { action: 'list' }, 5_000)).toEqual({ processes: [] });
  await Promise.all([once(silent, 'close'), control.close()]);
  await setImmediate();
  expect(rejections).toEqual([]);
});
