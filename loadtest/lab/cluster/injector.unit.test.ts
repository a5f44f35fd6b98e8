import { expect, test } from 'vitest';
import type { Kubectl } from '../../cluster/kubectl.ts';
import { readFaults } from '../timetable/read.ts';
import { createClusterInjector, isClusterFault } from './injector.ts';

function clusterOf() {
  const log: string[] = [];
  const pods = new Map([
    ['order', ['order-a', 'order-b']],
    ['consumer', ['consumer-a']],
    ['broker', ['broker-0']],
  ]);
  const componentIn = (args: readonly string[]) => /component=([\w-]+)/.exec(args.join(' '))?.[1] ?? '';
  const kubectl: Kubectl = {
    async run(args) {
      log.push(args.filter((arg) => !arg.startsWith('--') || arg.startsWith('--replicas')).join(' '));
      const [command, kind, name] = args;
      if (command === 'delete' && kind === 'pods') pods.set(componentIn(args), []);
      if (command === 'delete' && kind === 'pod')
        for (const [component, names] of pods)
          pods.set(
            component,
            names.filter((each) => each !== name),
          );
      return '';
    },
    async get(kind, ...args) {
      if (kind !== 'pods') return { spec: { replicas: 2 } };
      const names = pods.get(componentIn(args)) ?? [];
      return { items: names.map((name) => ({ metadata: { name, uid: `uid-${name}` } })) };
    },
    apply: () => Promise.reject(new Error('not used')),
    forward: () => Promise.reject(new Error('not used')),
  };
  return { log, injector: createClusterInjector(kubectl, 'shop') };
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
    'order-replica-killed',
    'state-store-killed',
  ]);
});
