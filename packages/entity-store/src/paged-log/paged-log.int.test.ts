// @module-tag postgres
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSidecar, type Sidecar } from '@standing-order/dapr';
import { findPortBase, type Platform, startPlatform } from '@standing-order/local';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createPagedLog, type LogEntry, type PagedLog, type PositionedEntry } from './index.ts';

const READY_WITHIN_MS = 60_000;
/** Distance, in entries, beyond which `append` does not recognise a repeated entry. */
const RECOGNISED_WITHIN = 50;

async function allEntriesOf(log: PagedLog<LogEntry>, name: string): Promise<PositionedEntry<LogEntry>[]> {
  const all: PositionedEntry<LogEntry>[] = [];
  for (let more = true; more; ) {
    const slice = await log.read(name, { after: all.length, limit: 100 });
    all.push(...slice.entries);
    more = slice.more;
  }
  return all;
}

/** The distances between entries that are in the log twice. */
function distancesOfDuplicates(entries: readonly PositionedEntry<LogEntry>[]): number[] {
  const last = new Map<string, number>();
  return entries.flatMap(({ position, entry }) => {
    const before = last.get(entry.id);
    last.set(entry.id, position);
    return before === undefined ? [] : [position - before];
  });
}

describe.each(['redis', 'postgresql'] as const)('on %s', (store) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'paged-log-'));
  let platform: Platform | undefined;
  let sidecar: Sidecar | undefined;
  let log: PagedLog<LogEntry>;

  beforeAll(async () => {
    platform = await startPlatform({ dataDir, portBase: await findPortBase(), store });
    const [ports = { grpcPort: 0, httpPort: 0 }] = platform.sidecarPorts.order;
    sidecar = createSidecar({ ...ports, apiToken: platform.secrets.daprApiToken });
    await sidecar.waitReady(READY_WITHIN_MS);
    log = createPagedLog(await sidecar.store('state'));
  });
  afterAll(async () => {
    await sidecar?.close();
    await platform?.close();
    rmSync(dataDir, { recursive: true });
  });

  test('several writers append to the same logs: every entry is stored, at a stable position, without a near duplicate', async () => {
    const names = ['log:a', 'log:b'];
    const ids = (worker: number, batch: number) => Array.from({ length: 10 }, (_, n) => `${worker}-${batch}-${n}`);
    async function add(worker: number): Promise<void> {
      for (let batch = 0; batch < 8; batch++) {
        const entries = ids(worker, batch).map((id) => ({ id }));
        while ((await log.append(names.map((name) => ({ name, entries })))).includes(false));
      }
    }
    await Promise.all([0, 1, 2].map(add));

    const wanted = [0, 1, 2].flatMap((worker) => Array.from({ length: 8 }, (_, batch) => ids(worker, batch)).flat());
    for (const name of names) {
      const entries = await allEntriesOf(log, name);
      expect(entries.map(({ position }) => position)).toEqual(entries.map((_, index) => index + 1));
      expect(new Set(entries.map(({ entry }) => entry.id))).toEqual(new Set(wanted));
      expect(Math.min(...distancesOfDuplicates(entries))).toBeGreaterThan(RECOGNISED_WITHIN);
      const newest = await log.read(name, { limit: 100 });
      expect(newest.entries).toEqual(entries.toReversed().slice(0, 100));
      const next = await log.read(name, { before: entries.length - 99, limit: 100 });
      expect(next.entries).toEqual(entries.toReversed().slice(100, 200));
    }
  });
});
