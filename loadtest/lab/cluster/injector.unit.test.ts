import { expect, test } from 'vitest';
import type { Kubectl } from '../../cluster/kubectl.ts';
import { readFaults } from '../timetable/read.ts';
import { createClusterInjector, isClusterFault } from './injector.ts';

const LOAD_POD = 'load';

interface FakePod {
  readonly name: string;
  readonly node: string;
  container: string;
}

/** A cluster whose order pods are on node-1 and node-2, and whose load is on node-1. `stays`: the drain leaves the pods. */
function clusterOf({ loadNode = 'node-1', drain = 'evicts' }: { loadNode?: string; drain?: 'evicts' | 'stays' } = {}) {
  const log: string[] = [];
  const applied: object[] = [];
  const podOf = (name: string, node: string): FakePod => ({ name, node, container: 'containerd://first' });
  const pods = new Map([
    ['order', [podOf('order-a', 'node-1'), podOf('order-b', 'node-2')]],
    ['consumer', [podOf('consumer-a', 'node-2')]],
    ['broker', [podOf('broker-0', 'node-1')]],
  ]);
  const cordoned = new Set<string>();
  const componentIn = (args: readonly string[]) => /component=([\w-]+)/.exec(args.join(' '))?.[1];
  const keep = (holds: (pod: FakePod) => boolean) => {
    for (const [component, all] of pods) pods.set(component, all.filter(holds));
  };
  const objectOf = ({ name, node, container }: FakePod) => ({
    metadata: { name, uid: `uid-${name}` },
    spec: { nodeName: node, containers: [{ name: 'order', image: 'standing-order:1' }] },
    status: { containerStatuses: [{ name: 'order', containerID: container }] },
  });
  const kubectl: Pick<Kubectl, 'run' | 'get' | 'apply'> = {
    async run(args) {
      log.push(args.filter((arg) => !arg.startsWith('--') || arg.startsWith('--replicas')).join(' '));
      const [command, kind, name = ''] = args;
      if (command === 'delete' && kind === 'pods') pods.set(componentIn(args) ?? '', []);
      if (command === 'delete' && kind === 'pod') keep((pod) => pod.name !== name);
      if (command === 'drain' && drain === 'evicts') keep((pod) => pod.node !== kind);
      if (command === 'drain') cordoned.add(kind ?? '');
      if (command === 'uncordon') cordoned.delete(kind ?? '');
      return '';
    },
    async get(kind, ...args) {
      if (kind === 'pod') return { spec: { nodeName: loadNode } };
      if (kind === 'node') return { spec: { unschedulable: cordoned.has(args[0] ?? '') } };
      if (kind === 'deployments,statefulsets')
        return { items: [{ kind: 'Deployment', metadata: { name: 'shop-order' } }] };
      if (kind !== 'pods') return { spec: { replicas: 2 } };
      const component = componentIn(args);
      const found = component === undefined ? [...pods.values()].flat() : (pods.get(component) ?? []);
      return { items: found.map(objectOf) };
    },
    async apply(...items) {
      applied.push(...items);
      for (const pod of pods.get('order') ?? []) pod.container = 'containerd://second';
    },
  };
  const signal = new AbortController().signal;
  const injector = createClusterInjector({ kubectl, release: 'shop', loadPod: LOAD_POD, signal });
  return { log, applied, injector };
}

test('scales a service to zero, and back to its number of replicas', async () => {
  const { log, injector } = clusterOf();
  const applied = await injector.apply({ do: 'kill', targets: ['consumer'] });
  await applied.undo();
  expect(log).toEqual([
    'scale deployment/shop-consumer --replicas=0',
    'delete pods app.kubernetes.io/instance=shop,app.kubernetes.io/component=consumer',
    'scale deployment/shop-consumer --replicas=2',
    'rollout status deployment/shop-consumer',
  ]);
});

test('a store is a StatefulSet, and a replica is a deleted pod', async () => {
  const { log, injector } = clusterOf();
  await (await injector.apply({ do: 'kill', targets: ['broker'] })).undo();
  await (await injector.apply({ do: 'kill', targets: ['order-2'] })).undo();
  expect(log).toContain('scale statefulset/shop-broker --replicas=0');
  expect(log.slice(-2)).toEqual(['delete pod order-a', 'rollout status deployment/shop-order']);
});

test('a deleted pod of a store is replaced by its StatefulSet', async () => {
  const { log, injector } = clusterOf();
  await (await injector.apply({ do: 'delete-pod', component: 'broker' })).undo();
  expect(log).toEqual(['delete pod broker-0', 'rollout status statefulset/shop-broker']);
});

test('kills a container from its node, and has taken effect when another container runs', async () => {
  const { log, applied, injector } = clusterOf();
  await (await injector.apply({ do: 'kill-container', component: 'order' })).undo();
  expect(applied).toMatchObject([
    { spec: { nodeName: 'node-1', hostPID: true, containers: [{ image: 'standing-order:1' }] } },
  ]);
  expect(JSON.stringify(applied)).toContain('"first"');
  expect(log.slice(-2)).toEqual(['delete pod standing-order-lab-kill', 'rollout status deployment/shop-order']);
});

test('drains the node with the most pods that has not the load, and waits for every workload', async () => {
  const { log, injector } = clusterOf();
  await (await injector.apply({ do: 'drain-node' })).undo();
  expect(log).toEqual(['drain node-2', 'uncordon node-2', 'rollout status Deployment/shop-order']);
});

test('a node that keeps pods is not drained, and takes pods again', async () => {
  const { log, injector } = clusterOf({ drain: 'stays' });
  await expect(injector.apply({ do: 'drain-node' })).rejects.toThrow('node-2 still has 2 pods of shop');
  expect(log.at(-1)).toBe('uncordon node-2');
});

test('a target without a pod is an error, and the other targets are undone', async () => {
  const { log, injector } = clusterOf();
  await injector.apply({ do: 'kill', targets: ['order-1'] });
  await injector.apply({ do: 'kill', targets: ['order-1'] });
  await expect(injector.apply({ do: 'kill', targets: ['consumer', 'order-2'] })).rejects.toThrow('no pod of order');
  expect(log.at(-1)).toBe('rollout status deployment/shop-consumer');
});

test('refuses other actions, and the lab leaves their faults out', async () => {
  const { injector } = clusterOf();
  await expect(injector.apply({ do: 'cut', link: 'broker' })).rejects.toThrow('use Chaos Mesh');
  const names = (await readFaults()).filter(isClusterFault).map(({ name }) => name);
  expect(names).toEqual([
    'none',
    'consumer-down',
    'restaurant-down',
    'validators-down',
    'broker-killed',
    'broker-pod-deleted',
    'order-container-killed',
    'order-replica-killed',
    'state-store-killed',
    'node-drained',
  ]);
});
