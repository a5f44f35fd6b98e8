// @module-tag kubeconform
// @module-tag helm
import { describe, expect, test } from 'vitest';
import { places } from './combinations.ts';
import { deploymentsOfServices, ofKind, one, release, render, services } from './helm.ts';
import { allContainers, podOf, workloads } from './pods.ts';

type Labels = Readonly<Record<string, string>>;

const selects = (selector: Labels, labels: Labels) =>
  Object.entries(selector).every(([name, value]) => labels[name] === value);

/** Every secret that a field anywhere in an object names, as name/key. */
function secretsNamedIn(part: unknown): string[] {
  if (typeof part !== 'object' || part === null) return [];
  return Object.entries(part).flatMap(([field, value]) =>
    field === 'secretKeyRef' ? [`${value.name}/${value.key}`] : secretsNamedIn(value),
  );
}

describe.each(places)('$name', ({ name, values }) => {
  const outside = name.endsWith('outside');

  test('names are unique and valid in Kubernetes', async () => {
    const objects = await render(values);
    const names = objects.map(({ kind, apiVersion, metadata }) => `${apiVersion} ${kind} ${metadata.name}`);
    expect(new Set(names).size).toBe(names.length);
    for (const { metadata } of objects) expect(metadata.name).toMatch(/^[a-z0-9]([-a-z0-9]{0,50}[a-z0-9])?$/);
  });

  test('labels name the application, the release and Helm', async () => {
    for (const { kind, metadata } of await render(values)) {
      if (kind === 'ConfigMap') continue; // of extraObjects
      expect(metadata.labels, metadata.name).toMatchObject({
        'app.kubernetes.io/name': 'standing-order',
        'app.kubernetes.io/instance': release,
        'app.kubernetes.io/managed-by': 'Helm',
      });
    }
  });

  test('every selector matches exactly its own pods, and contains no version', async () => {
    const objects = await render(values);
    const pods = workloads(objects).map((workload) => podOf(workload).metadata.labels as Labels);
    const selectors: [string, Labels][] = objects.flatMap(({ kind, metadata, spec }) => {
      const found =
        spec?.selector?.matchLabels ?? spec?.podSelector?.matchLabels ?? (kind === 'Service' && spec.selector);
      return found ? [[`${kind} ${metadata.name}`, found] as [string, Labels]] : [];
    });
    expect(selectors.length).toBeGreaterThan(9);
    for (const [owner, selector] of selectors) {
      const count = pods.filter((labels) => selects(selector, labels)).length;
      if (owner.startsWith('ServiceMonitor')) expect(count).toBeGreaterThanOrEqual(services.length);
      else expect(count, owner).toBe(1);
      expect(Object.keys(selector).join()).not.toMatch(/version|chart/);
    }
  });

  test('pods run without root, privileges, capabilities and a writable root file system', async () => {
    for (const workload of workloads(await render(values))) {
      const { spec } = podOf(workload);
      expect(spec.securityContext).toMatchObject({
        runAsNonRoot: true,
        runAsUser: expect.any(Number),
        seccompProfile: { type: 'RuntimeDefault' },
      });
      for (const container of allContainers(workload)) {
        expect(container.securityContext).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
      }
    }
  });

  test('no pod mounts a ServiceAccount token', async () => {
    const objects = await render(values);
    for (const workload of workloads(objects)) expect(podOf(workload).spec.automountServiceAccountToken).toBe(false);
    for (const account of ofKind(objects, 'ServiceAccount')) expect(account.automountServiceAccountToken).toBe(false);
    for (const service of services) {
      const { serviceAccountName } = one(objects, 'Deployment', `so-${service}`).spec.template.spec;
      one(objects, 'ServiceAccount', serviceAccountName);
    }
  });

  test('every pod has the pull secrets', async () => {
    const image = { ...(values.image as object), pullSecrets: [{ name: 'pull' }] };
    for (const workload of workloads(await render({ ...values, image })))
      expect(podOf(workload).spec.imagePullSecrets, workload.metadata.name).toEqual([{ name: 'pull' }]);
  });

  test('images have a version, and containers have requests and a memory limit', async () => {
    for (const workload of workloads(await render(values))) {
      for (const { image, resources } of allContainers(workload)) {
        expect(image).toMatch(/:[^:/]+$/);
        expect(image).not.toMatch(/:latest$/);
        expect(resources).toMatchObject({
          requests: { cpu: expect.any(String), memory: expect.any(String) },
          limits: { memory: expect.any(String) },
        });
        expect(resources.limits).not.toHaveProperty('cpu');
      }
    }
  });

  test('probes allow a minute to start, and use /readyz for readiness and /healthz for liveness', async () => {
    for (const { spec } of deploymentsOfServices(await render(values))) {
      const [container] = spec.template.spec.containers;
      expect(container.startupProbe.httpGet).toEqual({ path: '/healthz', port: 'http' });
      expect(container.livenessProbe.httpGet).toEqual({ path: '/healthz', port: 'http' });
      expect(container.readinessProbe.httpGet).toEqual({ path: '/readyz', port: 'http' });
      expect(container.startupProbe.failureThreshold * container.startupProbe.periodSeconds).toBeGreaterThanOrEqual(60);
    }
  });

  test('a stopping pod serves requests during preStop, and the grace period covers its shutdown', async () => {
    for (const { spec } of deploymentsOfServices(await render(values))) {
      const { annotations } = spec.template.metadata;
      const { containers, terminationGracePeriodSeconds } = spec.template.spec;
      const preStop = containers[0].lifecycle.preStop.sleep.seconds;
      const applicationEnds = preStop + 25;
      const block = annotations['dapr.io/block-shutdown-duration'];
      expect(annotations['dapr.io/enable-native-sidecar']).toBe(outside ? undefined : 'true');
      expect(block).toBe(outside ? '35s' : undefined);
      const sidecarStays = block === undefined ? applicationEnds : Number.parseInt(block, 10);
      expect(preStop).toBeGreaterThan(0);
      expect(sidecarStays).toBeGreaterThanOrEqual(applicationEnds);
      const graceful = Number(annotations['dapr.io/graceful-shutdown-seconds']);
      expect(terminationGracePeriodSeconds).toBeGreaterThanOrEqual(sidecarStays + graceful);
    }
  });

  test('upgrades add a pod before they remove one, pods spread over nodes, and one pod at most is evicted', async () => {
    const objects = await render(values);
    for (const { metadata, spec } of deploymentsOfServices(objects)) {
      expect(spec.strategy.rollingUpdate).toEqual({ maxSurge: 1, maxUnavailable: 0 });
      expect(spec.template.spec.topologySpreadConstraints).toMatchObject([
        { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: spec.selector.matchLabels } },
      ]);
      expect(one(objects, 'PodDisruptionBudget', metadata.name).spec.maxUnavailable).toBe(1);
    }
  });

  test('every referenced secret is created with that key, or is an existing one of the values', async () => {
    const objects = await render(values);
    const named = new Set(secretsNamedIn(objects));
    for (const { metadata, spec } of deploymentsOfServices(objects)) {
      for (const token of ['api', 'app']) {
        named.add(`${spec.template.metadata.annotations[`dapr.io/${token}-token-secret`]}/token`);
      }
      expect(metadata.name).toMatch(/^so-/);
    }
    const secrets = ofKind(objects, 'Secret');
    const made = secrets.flatMap(({ metadata, data }) => Object.keys(data).map((key) => `${metadata.name}/${key}`));
    for (const secret of named) expect([...made, 'mine/*']).toContain(secret.replace(/^mine\/.*/, 'mine/*'));
    expect(secrets).toHaveLength(outside ? 0 : name.startsWith('kafka') ? 5 : 6);
  });

  test('sidecar and application share the secrets of both tokens', async () => {
    for (const { spec } of deploymentsOfServices(await render(values))) {
      const { env } = spec.template.spec.containers[0];
      const from = (variable: string) =>
        env.find((entry: { name: string }) => entry.name === variable).valueFrom.secretKeyRef.name;
      const { annotations } = spec.template.metadata;
      expect(annotations['dapr.io/api-token-secret']).toBe(from('DAPR_API_TOKEN'));
      expect(annotations['dapr.io/app-token-secret']).toBe(from('APP_API_TOKEN'));
    }
  });

  test('every pod but that of helm test has one NetworkPolicy for ingress and egress', async () => {
    const objects = await render(values);
    const policies = ofKind(objects, 'NetworkPolicy');
    for (const workload of [...ofKind(objects, 'Deployment'), ...ofKind(objects, 'StatefulSet')]) {
      const own = policies.filter(({ spec }) =>
        selects(spec.podSelector.matchLabels, podOf(workload).metadata.labels as Labels),
      );
      expect(own.map(({ spec }) => spec.policyTypes)).toEqual([['Ingress', 'Egress']]);
    }
  });

  test('stores in the chart have a volume, and an upgrade of the chart does not restart them', async () => {
    const sets = ofKind(await render(values), 'StatefulSet');
    expect(sets.map(({ metadata }) => metadata.name).sort()).toEqual(outside ? [] : ['so-broker', 'so-state-store']);
    for (const { spec } of sets) {
      expect(spec.volumeClaimTemplates).toMatchObject([{ metadata: { name: 'data' } }]);
      expect(Object.keys(spec.template.metadata.labels).join()).not.toMatch(/version|chart/);
    }
  });
});
