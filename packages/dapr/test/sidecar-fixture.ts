import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findPortBase, type Platform, startPlatform } from '@standing-order/local';
import { afterAll, beforeAll, expect } from 'vitest';
import { createSidecar } from '../src/sidecar/sidecar.ts';
import type { Sidecar, SidecarOptions, StateStore } from '../src/types.ts';

export const READY_WITHIN_MS = 60_000;

export interface SidecarFixture {
  readonly platform: Platform;
  readonly sidecar: Sidecar;
  readonly store: StateStore;
}

export function sidecarOptions({ sidecarPorts, secrets }: Platform): SidecarOptions {
  const [ports] = sidecarPorts.order;
  if (!ports) throw new Error('the platform has no order service');
  return { ...ports, apiToken: secrets.daprApiToken };
}

/** A platform for one block of tests; the sidecar is that of the order service. */
export function usePlatform(kind: 'redis' | 'postgresql'): () => SidecarFixture {
  let fixture: SidecarFixture | undefined;
  const dataDir = mkdtempSync(join(tmpdir(), 'sidecar-'));
  beforeAll(async () => {
    const platform = await startPlatform({ dataDir, portBase: await findPortBase(), store: kind });
    const sidecar = createSidecar(sidecarOptions(platform));
    await sidecar.waitReady(READY_WITHIN_MS);
    fixture = { platform, sidecar, store: await sidecar.store('state') };
  });
  afterAll(async () => {
    await fixture?.sidecar.close();
    await fixture?.platform.close();
    rmSync(dataDir, { recursive: true });
  });
  return () => {
    if (!fixture) throw new Error('the platform did not start');
    return fixture;
  };
}

let keys = 0;
/** A key that no other test of the file uses. */
export const freshKey = (): string => `test:${keys++}`;

/** Stores a value under a fresh key. */
export async function stored(store: StateStore, value: unknown): Promise<{ key: string; etag: string }> {
  const key = freshKey();
  expect(await store.insert(key, value)).toBe('created');
  return { key, etag: (await store.get(key))?.etag ?? '' };
}
