import { expect, test } from 'vitest';
import { clusterOf, machineOf } from './nodes.ts';

const nodeOf = (cpu: string, memory: string) => ({
  status: {
    nodeInfo: { kubeletVersion: 'v1.34.1', operatingSystem: 'linux', architecture: 'amd64' },
    capacity: { cpu, memory },
  },
});

test('describes the version of a cluster and each size of its nodes', () => {
  const items = [nodeOf('2', '8388608Ki'), nodeOf('2', '8388608Ki'), nodeOf('4', '16777216Ki')];
  expect(clusterOf({ items })).toBe('Kubernetes v1.34.1 with 3 nodes');
  expect(clusterOf({ items: items.slice(0, 1) })).toBe('Kubernetes v1.34.1 with one node');
  expect(machineOf({ items })).toBe(
    'nodes with 2 processors (linux/amd64), 8 GiB or 4 processors (linux/amd64), 16 GiB',
  );
});
