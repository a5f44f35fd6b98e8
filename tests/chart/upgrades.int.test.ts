// @module-tag kubeconform
// @module-tag helm
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { CHART, type KubernetesObject, ofKind, one, render, renderUpgrade, services } from './helm.ts';

const EARLIER = join(import.meta.dirname, 'earlier-values');
const earlierFiles = await readdir(EARLIER);

const deployment = (name: string, replicas: number): KubernetesObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: { replicas },
});

const statefulSet = (name: string, storage: string): KubernetesObject => ({
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { name },
  spec: { volumeClaimTemplates: [{ spec: { resources: { requests: { storage } } } }] },
});

describe('--reuse-values renders this chart with all values of the earlier one', () => {
  /** The chart with another values.yaml, as Helm sees it then. */
  async function chartWith(valuesFile: string): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'standing-order-reuse-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    await cp(CHART, folder, { recursive: true, dereference: true });
    await cp(valuesFile, join(folder, 'values.yaml'));
    return folder;
  }

  test.each(earlierFiles)('%s: the objects are those of its services with the default values', async (file) => {
    const installed = ['so-state-store', 'so-broker'].map((name) => statefulSet(name, '1Gi'));
    const objects = await renderUpgrade({}, installed, await chartWith(join(EARLIER, file)));
    const names = (all: readonly KubernetesObject[]) => all.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    // The notification service of later charts is not switched on by an upgrade.
    const { services } = parse(await readFile(join(EARLIER, file), 'utf8'));
    const defaults = await renderUpgrade({ notification: { enabled: 'notification' in services } }, []);
    expect(names(objects)).toEqual(names(defaults));
    expect(one(objects, 'Deployment', 'so-order').spec.template.spec.securityContext.runAsUser).toBe(1000);
    for (const { spec } of ofKind(objects, 'StatefulSet')) {
      expect(spec.volumeClaimTemplates[0].spec.resources.requests.storage).toBe('1Gi');
    }
  });

  test('a value that a user switched off stays off, and one that was removed stays removed', async () => {
    const values = {
      networkPolicy: { enabled: false },
      topologySpread: { enabled: false },
      services: { notification: null },
    };
    const objects = await renderUpgrade(values, [], await chartWith(join(EARLIER, '0.2.0.yaml')));
    expect(ofKind(objects, 'NetworkPolicy')).toEqual([]);
    expect(one(objects, 'Deployment', 'so-order').spec.template.spec).not.toHaveProperty('topologySpreadConstraints');
    expect(JSON.stringify(objects)).not.toContain('so-notification');
  });

  test('valuesVersion of values.yaml is the version of the chart', async () => {
    const read = async (file: string) => parse(await readFile(join(CHART, file), 'utf8'));
    expect((await read('values.yaml')).valuesVersion).toBe((await read('Chart.yaml')).version);
  });

  test('every template completes the values first', async () => {
    const folder = join(CHART, 'templates');
    for (const file of await readdir(folder, { recursive: true })) {
      if (!/^(?!_).*\.(yaml|txt)$/.test(file)) continue;
      expect(await readFile(join(folder, file), 'utf8'), file).toMatch(
        /^\{\{- include "standing-order.completeValues" \. -\}\}\n/,
      );
    }
  });
});

describe('an autoscaler that is switched on by an upgrade', () => {
  test.each([{ defaults: { autoscaling: { enabled: true } } }, { keda: { enabled: true } }])(
    'leaves a Deployment the replicas that it has: %o',
    async (values) => {
      const objects = await renderUpgrade(
        values,
        services.map((service) => deployment(`so-${service}`, 5)),
      );
      for (const { spec } of ofKind(objects, 'Deployment')) expect(spec.replicas).toBe(5);
    },
  );

  test('a new Deployment has no number of replicas', async () => {
    const objects = await renderUpgrade({ defaults: { autoscaling: { enabled: true } } }, []);
    for (const { spec } of ofKind(objects, 'Deployment')) expect(spec).not.toHaveProperty('replicas');
  });
});

test('the spread over nodes counts only pods of the same revision', async () => {
  for (const { spec } of ofKind(await render(), 'Deployment')) {
    expect(spec.template.spec.topologySpreadConstraints[0].matchLabelKeys).toEqual(['pod-template-hash']);
  }
});

describe('a secret that changes', () => {
  const secret = (name: string, text: string): KubernetesObject => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name },
    data: { password: Buffer.from(text).toString('base64') },
  });
  const values = {
    stateStore: { inChart: false, external: { address: 'redis.db.svc:6379', existingSecret: 'redis' } },
    dapr: { apiTokenSecret: 'token' },
    caBundle: { configMap: 'ca' },
  };
  const template = async (existing: readonly KubernetesObject[], name = 'so-order') =>
    one(await renderUpgrade(values, existing), 'Deployment', name).spec.template.metadata.annotations;

  test('replaces the pods that read it at the next upgrade', async () => {
    for (const name of services.map((service) => `so-${service}`)) {
      const before = await template([secret('redis', 'old'), secret('other', 'old')], name);
      expect(before['checksum/secrets']).toMatch(/^[0-9a-f]{64}$/);
      expect(await template([secret('redis', 'old'), secret('other', 'new')], name)).toEqual(before);
      expect((await template([secret('redis', 'new')], name))['checksum/secrets']).not.toBe(before['checksum/secrets']);
    }
  });

  test('is named for Stakater Reloader, with the ConfigMap of certificates', async () => {
    const { metadata } = one(await render(values), 'Deployment', 'so-order');
    expect(metadata.annotations).toEqual({
      'secret.reloader.stakater.com/reload': 'redis,token',
      'configmap.reloader.stakater.com/reload': 'ca',
    });
    expect(one(await render(), 'Deployment', 'so-order').metadata.annotations).toBeUndefined();
  });

  test('replaces the Redis of the chart whose password it is', async () => {
    const own = { stateStore: { passwordSecret: 'mine' } };
    const digest = async (text: string) => {
      const set = one(await renderUpgrade(own, [secret('mine', text)]), 'StatefulSet', 'so-state-store');
      return set.spec.template.metadata.annotations['checksum/secrets'];
    };
    expect(await digest('old')).not.toBe(await digest('new'));
    const [container] = one(await render(own), 'StatefulSet', 'so-state-store').spec.template.spec.containers;
    expect(container.env[0].valueFrom.secretKeyRef).toEqual({ name: 'mine', key: 'password' });
  });
});
