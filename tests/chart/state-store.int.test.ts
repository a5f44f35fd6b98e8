// @module-tag helm
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type KubernetesObject, one, render, renderUpgrade, type Values, variable } from './helm.ts';

const MAY_BE_EMPTY = 'STATE_STORE_MAY_BE_EMPTY';

describe('the order service may start with an empty store', () => {
  test('at the installation, and not after an upgrade', async () => {
    expect(variable(await render(), 'order', MAY_BE_EMPTY)).toBe('on');
    expect(variable(await renderUpgrade(), 'order', MAY_BE_EMPTY)).toBe('off');
  });

  test.each([
    [true, 'on'],
    [false, 'off'],
  ])('as stateStore.mayBeEmpty states: %s', async (mayBeEmpty, expected) => {
    expect(variable(await render({ stateStore: { mayBeEmpty } }), 'order', MAY_BE_EMPTY)).toBe(expected);
    expect(variable(await renderUpgrade({ stateStore: { mayBeEmpty } }), 'order', MAY_BE_EMPTY)).toBe(expected);
  });
});

test('the store belongs to one release of one namespace, or to the named one', async () => {
  expect(variable(await render(), 'order', 'STATE_STORE_OWNER')).toBe('shop/so');
  const owner = 'former/so';
  expect(variable(await render({ stateStore: { owner } }), 'order', 'STATE_STORE_OWNER')).toBe(owner);
});

/** Runs the init container of the state store with these values on a folder instead of its volume. */
async function startStore(volume: string, values: Values) {
  const { initContainers } = one(await render({ stateStore: values }), 'StatefulSet', 'so-state-store').spec.template
    .spec;
  const [{ command, args, env }] = initContainers;
  const script = args[0].replaceAll('/data', volume);
  const variables = Object.fromEntries(env.map(({ name, value }: { name: string; value: string }) => [name, value]));
  const [file, ...flags] = command;
  return spawnSync(file, [...flags, script], { encoding: 'utf8', env: { PATH: process.env.PATH, ...variables } });
}

function createVolume(): string {
  const volume = mkdtempSync(join(tmpdir(), 'volume-'));
  onTestFinished(() => rmSync(volume, { recursive: true }));
  return volume;
}

const KINDS = [
  ['redis', 'postgresql', 'appendonlydir'],
  ['postgresql', 'redis', 'pgdata'],
] as const;

describe.each(KINDS)('a volume of %s', (kind, other, content) => {
  test(`refuses ${other}, and states the remedy`, async () => {
    const volume = createVolume();
    expect((await startStore(volume, { kind })).status).toBe(0);
    const refused = await startStore(volume, { kind: other });
    expect([refused.status, refused.stderr]).toEqual([2, expect.stringContaining(`set stateStore.kind=${kind}`)]);
    expect((await startStore(volume, { kind })).status).toBe(0);
  });

  test(`of an earlier version, which has no mark, refuses ${other}, too`, async () => {
    const volume = createVolume();
    mkdirSync(join(volume, content));
    expect((await startStore(volume, { kind: other })).status).toBe(2);
    expect((await startStore(volume, { kind })).status).toBe(0);
  });

  test(`accepts ${other} on purpose, and then refuses the way back`, async () => {
    const volume = createVolume();
    mkdirSync(join(volume, content));
    expect((await startStore(volume, { kind: other, mayBeEmpty: true })).status).toBe(0);
    expect(readFileSync(join(volume, 'state-store-kind'), 'utf8').trim()).toBe(other);
    expect((await startStore(volume, { kind: other })).status).toBe(0);
    expect((await startStore(volume, { kind })).status).toBe(2);
  });
});

/** The state store of a release, with this container. */
const storeWith = (container: string): KubernetesObject => ({
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { name: 'so-state-store' },
  spec: { template: { spec: { containers: [{ name: container }] } } },
});

test.each(KINDS)(
  'an upgrade of a release with a store of the kind %s in the chart is refused before it stops',
  async (kind, other) => {
    const faults = (stateStore: Values) =>
      renderUpgrade({ stateStore }, [storeWith(kind)]).then(
        () => '',
        ({ message }: Error) => message,
      );
    const refusal = `the orders of this release are in its ${kind}: set stateStore.kind=${kind}.`;
    const external = { kind: 'redis', inChart: false, external: { address: 'redis:6379' } };
    expect(await faults({ kind })).toBe('');
    expect(await faults({ kind: other })).toContain(refusal);
    expect(await faults({ kind: other, mayBeEmpty: true })).toBe('');
    expect(await faults(external)).toContain('set stateStore.inChart=true');
    expect(await faults({ ...external, mayBeEmpty: true })).toBe('');
  },
);
