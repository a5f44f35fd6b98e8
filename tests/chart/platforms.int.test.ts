// @module-tag kubeconform
// @module-tag helm
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { stringify } from 'yaml';
import { places } from './combinations.ts';
import {
  deploymentsOfServices,
  type KubernetesObject,
  ofKind,
  one,
  packageChart,
  render,
  renderChart,
  renderText,
  services,
  type Values,
  variable,
} from './helm.ts';
import { allContainers, podOf, workloads } from './pods.ts';
import { withSections } from './secrets.ts';

const IDS = ['runAsUser', 'runAsGroup', 'fsGroup'];

describe.each(places)('$name', ({ values }) => {
  test('with security.ids=platform no pod and no container names a user or a group, as OpenShift requires', async () => {
    const objects = workloads(await render({ ...values, security: { ids: 'platform' } }));
    expect(objects.length).toBeGreaterThan(4);
    for (const workload of objects) {
      const contexts = [podOf(workload).spec, ...allContainers(workload)].map(({ securityContext }) => securityContext);
      for (const context of contexts) for (const id of IDS) expect(context).not.toHaveProperty(id);
      expect(contexts[0]).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
    }
  });

  test('every pod satisfies the Pod Security Standard restricted', async () => {
    for (const workload of workloads(await render(values))) {
      expect(podOf(workload).spec.securityContext).toMatchObject({
        runAsNonRoot: true,
        seccompProfile: { type: 'RuntimeDefault' },
      });
      for (const { securityContext } of allContainers(workload)) {
        expect(securityContext).toMatchObject({ allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } });
      }
      const volumes: object[] = podOf(workload).spec.volumes ?? [];
      const allowed = ['configMap', 'emptyDir', 'projected', 'secret'];
      for (const volume of volumes) expect(allowed).toContain(Object.keys(volume).find((key) => key !== 'name'));
    }
  });

  test('with a limit in every value for resources, every container has it: a quota counts limits.cpu', async () => {
    const resources = { requests: { cpu: '100m', memory: '64Mi' }, limits: { cpu: 1, memory: '1Gi' } };
    const sidecarResources = { limits: { cpu: '500m' } };
    const objects = await render({
      ...values,
      defaults: { ...(values.defaults as Values), resources, sidecarResources },
      stateStore: { ...(values.stateStore as Values), resources },
      broker: { ...(values.broker as Values), resources },
      initContainers: { resources },
      test: { resources },
      monitoring: { ...(values.monitoring as Values), stores: { resources } },
    });
    for (const workload of workloads(objects)) {
      for (const container of allContainers(workload)) {
        expect(container.resources, `${workload.metadata.name}/${container.name}`).toEqual(resources);
      }
    }
    for (const { spec } of deploymentsOfServices(objects)) {
      expect(spec.template.metadata.annotations['dapr.io/sidecar-cpu-limit']).toBe('500m');
    }
  });

  test('the scheduling of defaults reaches every pod: all nodes may be tainted', async () => {
    const settings = {
      tolerations: [{ operator: 'Exists' }],
      nodeSelector: { pool: 'orders' },
      affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } } },
      priorityClassName: 'high',
    };
    const image = { ...(values.image as Values), pullSecrets: [{ name: 'pull' }] };
    const defaults = { ...(values.defaults as Values), ...settings };
    for (const workload of workloads(await render({ ...values, image, defaults }))) {
      const pod = podOf(workload);
      expect(pod.spec, workload.metadata.name).toMatchObject({ ...settings, imagePullSecrets: [{ name: 'pull' }] });
    }
  });

  test('annotations and labels of defaults change every pod but those of the stores, which would restart', async () => {
    const metadata = { podLabels: { team: 'orders' }, podAnnotations: { rolled: '2026-11-28' } };
    const before = workloads(await render(values));
    const after = workloads(await render({ ...values, defaults: { ...(values.defaults as Values), ...metadata } }));
    expect(after.length).toBeGreaterThan(5);
    for (const [index, workload] of after.entries()) {
      const pod = podOf(workload);
      if (workload.kind === 'StatefulSet') expect(workload).toEqual(before[index]);
      else {
        expect(pod.metadata.labels, workload.metadata.name).toMatchObject(metadata.podLabels);
        expect(pod.metadata.annotations, workload.metadata.name).toMatchObject(metadata.podAnnotations);
      }
    }
  });

  test('annotations and labels of a store are on its pod', async () => {
    const metadata = { podLabels: { team: 'stores' }, podAnnotations: { 'sidecar.istio.io/inject': 'false' } };
    const stores = { stateStore: metadata, broker: metadata };
    for (const workload of ofKind(await render(withSections(values, stores)), 'StatefulSet')) {
      expect(podOf(workload).metadata.labels).toMatchObject(metadata.podLabels);
      expect(podOf(workload).metadata.annotations).toMatchObject(metadata.podAnnotations);
    }
  });

  test('commonLabels are on every object and every pod, and change no selector', async () => {
    const commonLabels = { 'cost-center': '42', 'app.kubernetes.io/name': 'other' };
    const objects = await render({ ...values, commonLabels });
    const extra = (values.extraObjects as object[] | undefined)?.length ?? 0;
    const labelled = objects.filter(({ metadata }) => metadata.labels?.['cost-center'] === '42');
    expect(labelled).toHaveLength(objects.length - extra);
    for (const workload of workloads(objects)) {
      expect(podOf(workload).metadata.labels).toMatchObject({ 'cost-center': '42' });
      expect(podOf(workload).metadata.labels['app.kubernetes.io/name']).toBe('standing-order');
    }
    for (const { spec } of ofKind(objects, 'Deployment')) {
      expect(spec.selector.matchLabels).not.toHaveProperty('cost-center');
    }
  });

  test('a release name of 53 characters gives names and labels within the limits of Kubernetes', async () => {
    const name = `a${'-long'.repeat(10)}-b`;
    expect(name).toHaveLength(53);
    const { objects } = await renderChart({ name, values });
    for (const { kind, metadata } of objects) {
      // The name of a StatefulSet is in the label controller-revision-hash, with a hyphen and a hash of ten characters.
      expect(metadata.name.length, metadata.name).toBeLessThanOrEqual(kind === 'StatefulSet' ? 52 : 63);
      expect(metadata.name).toMatch(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/);
      for (const label of Object.values(metadata.labels ?? {})) expect(label.length).toBeLessThanOrEqual(63);
    }
  });

  test('every Service has the IP families of the values, and every service listens on all of them', async () => {
    const families = { ipFamilyPolicy: 'RequireDualStack', ipFamilies: ['IPv6', 'IPv4'] };
    const objects = await render({ ...values, ...families });
    const all = ofKind(objects, 'Service');
    expect(all.length).toBeGreaterThan(3);
    for (const { spec } of all) expect(spec).toMatchObject(families);
    for (const service of services) expect(variable(objects, service, 'HOST')).toBe('::');
    for (const { spec } of ofKind(await render(values), 'Service')) expect(spec).not.toHaveProperty('ipFamilyPolicy');
  });
});

test('a store may have a higher priority than the services, so that it restarts on a full node', async () => {
  const objects = await render({
    defaults: { priorityClassName: 'low' },
    stateStore: { priorityClassName: 'high' },
    broker: { priorityClassName: '' },
  });
  const priorities = workloads(objects).map((workload) => [
    workload.metadata.name,
    podOf(workload).spec.priorityClassName,
  ]);
  expect(Object.fromEntries(priorities)).toMatchObject({
    'so-state-store': 'high',
    'so-broker': 'low',
    'so-order': 'low',
  });
});

test('settings of a service, a store or the test replace those of defaults for its pods only', async () => {
  const at = (pool: string) => ({ nodeSelector: { pool } });
  const objects = await render({
    defaults: { ...at('any'), tolerations: [{ operator: 'Exists' }] },
    services: { order: at('order') },
    stateStore: { ...at('store'), tolerations: [] },
    broker: at('broker'),
    test: at('test'),
    monitoring: { stores: { enabled: true, ...at('metrics') } },
  });
  const pools = workloads(objects).map((workload) => [
    workload.metadata.name,
    podOf(workload).spec.nodeSelector.pool,
    podOf(workload).spec.tolerations?.length ?? 0,
  ]);
  expect(pools.toSorted()).toEqual([
    ['so-broker', 'broker', 1],
    ['so-consumer', 'any', 1],
    ['so-first-order', 'test', 1],
    ['so-notification', 'any', 1],
    ['so-order', 'order', 1],
    ['so-restaurant', 'any', 1],
    ['so-state-store', 'store', 0],
    ['so-store-metrics', 'metrics', 1],
    ['so-verify', 'test', 1],
  ]);
});

test('security contexts of the values are laid over those of the chart, in every pod and container', async () => {
  const seLinuxOptions = { level: 's0:c1,c2' };
  const security = {
    podSecurityContext: { runAsUser: 2000, seLinuxOptions },
    containerSecurityContext: { procMount: 'Default' },
  };
  for (const workload of workloads(await render({ security }))) {
    expect(podOf(workload).spec.securityContext).toMatchObject({ runAsUser: 2000, runAsNonRoot: true, seLinuxOptions });
    for (const { securityContext } of allContainers(workload)) {
      expect(securityContext).toMatchObject({ procMount: 'Default', readOnlyRootFilesystem: true });
    }
  }
});

test('networkPolicy.dnsPorts are open for every pod with a policy', async () => {
  const policies = ofKind(await render({ networkPolicy: { dnsPorts: [53, 5353] } }), 'NetworkPolicy');
  expect(policies).toHaveLength(6);
  for (const { spec } of policies) {
    expect(spec.egress[0].ports.map(({ port, protocol }: Values) => `${port}/${protocol}`)).toEqual([
      '53/UDP',
      '53/TCP',
      '5353/UDP',
      '5353/TCP',
    ]);
  }
});

test('webhook receivers inside the cluster are reachable by selectors, for the notification service only', async () => {
  const webhooks = [{ namespaceSelector: { matchLabels: { team: 'shops' } } }];
  const objects = await render({ networkPolicy: { egress: { webhooks } } });
  expect(one(objects, 'NetworkPolicy', 'so-notification').spec.egress).toContainEqual({ to: webhooks });
  expect(one(objects, 'NetworkPolicy', 'so-order').spec.egress).not.toContainEqual({ to: webhooks });
});

describe('as a dependency of a parent chart', () => {
  const name = 'umbrella';

  async function renderParent(values: Values, dependency: Values = {}): Promise<readonly KubernetesObject[]> {
    const folder = await mkdtemp(join(tmpdir(), 'standing-order-parent-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    await mkdir(join(folder, 'charts'));
    const { version } = await packageChart(join(folder, 'charts'));
    const dependencies = [{ name: 'standing-order', version, condition: 'standing-order.enabled', ...dependency }];
    await writeFile(join(folder, 'Chart.yaml'), stringify({ apiVersion: 'v2', name, version: '1.0.0', dependencies }));
    await writeFile(join(folder, 'values.yaml'), stringify(values));
    return (await renderChart({ folder })).objects;
  }

  test('its condition may be a value of the dependency, such as enabled', async () => {
    expect(await renderParent({ 'standing-order': { enabled: false } })).toEqual([]);
    const objects = await renderParent({ 'standing-order': { enabled: true }, global: { imageRegistry: 'x' } });
    expect(
      ofKind(objects, 'Deployment')
        .map(({ metadata }) => metadata.name)
        .toSorted(),
    ).toEqual(services.map((service) => `so-${service}`));
  });

  test('the parent can leave out the notification service, although Helm ignores its null', async () => {
    const objects = await renderParent({ 'standing-order': { notification: { enabled: false } } });
    expect(JSON.stringify(objects)).not.toContain('so-notification');
  });

  test('an alias changes no label that a selector reads', async () => {
    const objects = await renderParent({ orders: { fullnameOverride: 'orders' } }, { alias: 'orders', condition: 'x' });
    for (const { metadata } of objects) expect(metadata.labels?.['app.kubernetes.io/name']).toBe('standing-order');
    expect(JSON.stringify(objects)).toContain('orders-order');
  });
});

test('addresses of IPv6 need brackets', async () => {
  const store = (address: string) => ({ stateStore: { inChart: false, external: { address } } });
  await expect(renderText(store('fd00::1:6379'))).rejects.toThrow('does not match pattern');
  const objects = await render(store('[fd00::1]:6379'));
  expect(JSON.stringify(one(objects, 'Component', 'state'))).toContain('"value":"[fd00::1]:6379"');
  expect(one(objects, 'NetworkPolicy', 'so-notification').spec.egress).toContainEqual({
    ports: [{ port: 6379 }],
    to: [{ ipBlock: { cidr: 'fd00::1/128' } }],
  });
});
