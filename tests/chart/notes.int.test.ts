// @module-tag kubeconform
// @module-tag helm
import { consumerRequest, orderRequest, restaurantRequest } from '@standing-order/contracts';
import { describe, expect, test } from 'vitest';
import { notes, ofKind, one, render, services } from './helm.ts';

test('helm test runs a pod that places an order', async () => {
  const pod = one(await render(), 'Pod', 'so-first-order');
  expect(pod.metadata.annotations?.['helm.sh/hook']).toBe('test');
  const [container] = pod.spec.containers;
  expect(container.args).toEqual(['deploy/images/first-order.ts']);
  expect(container.env).toEqual([
    ...['order', 'consumer', 'restaurant'].map((service) => ({
      name: `${service.toUpperCase()}_URL`,
      value: `http://so-${service}`,
    })),
    { name: 'PODS', value: services.map((service) => `so-${service}-pods:8080`).join() },
  ]);
});

describe('the hook after an installation and an upgrade', () => {
  test('fails them while a pod reports a fault, and prints the reasons', async () => {
    const job = one(await render(), 'Job', 'so-verify');
    expect(job.metadata.annotations).toEqual({
      'helm.sh/hook': 'post-install,post-upgrade',
      'helm.sh/hook-delete-policy': 'before-hook-creation,hook-succeeded',
      'helm.sh/hook-output-log-policy': 'hook-failed,hook-succeeded',
    });
    expect(job.spec).toMatchObject({ backoffLimit: 0, template: { spec: { restartPolicy: 'Never' } } });
    const [container] = job.spec.template.spec.containers;
    expect(container.args).toEqual(['deploy/images/verify.ts']);
    expect(container.env).toEqual([
      { name: 'PODS', value: services.map((service) => `so-${service}-pods:8080`).join() },
      { name: 'DEADLINE_SECONDS', value: '180' },
    ]);
  });

  test('reaches every pod, ready or not', async () => {
    const objects = await render({ services: { order: {} } });
    for (const service of services) {
      const { spec } = one(objects, 'Service', `so-${service}-pods`);
      expect(spec).toMatchObject({ clusterIP: 'None', publishNotReadyAddresses: true });
      expect(spec.selector).toEqual(one(objects, 'Deployment', `so-${service}`).spec.selector.matchLabels);
      const [api] = one(objects, 'NetworkPolicy', `so-${service}`).spec.ingress;
      const labels = one(objects, 'Job', 'so-verify').spec.template.metadata.labels;
      const allowed = api.from.filter(({ podSelector }: { podSelector?: { matchLabels?: object } }) =>
        Object.entries(podSelector?.matchLabels ?? { none: '' }).every(([name, value]) => labels[name] === value),
      );
      expect(allowed).toHaveLength(1);
    }
  });

  test('can be switched off, which the notes state', async () => {
    const verification = { enabled: false };
    expect(ofKind(await render({ verification }), 'Job')).toEqual([]);
    expect(await notes({ verification })).toContain('was not checked (verification.enabled=false)');
    expect(await notes()).toContain('Every pod was ready and reported no fault.');
  });
});

describe('the notes', () => {
  test('contain the commands for a first order, with valid bodies', async () => {
    const text = await notes();
    const bodies = [...text.matchAll(/-d '(.*)'/g)].map(([, body = '']) => JSON.parse(body));
    expect(bodies).toHaveLength(3);
    for (const [index, schema] of [consumerRequest, restaurantRequest, orderRequest].entries()) {
      expect(schema.safeParse(bodies[index]).error).toBeUndefined();
    }
    for (const service of services) expect(text).toContain(`port-forward service/so-${service} `);
    expect(text).toContain('helm test so --namespace shop');
  });

  test('state whether authentication is on; helm test exists only without it', async () => {
    expect(await notes()).toMatch(/Authentication is off: any caller has full access.*helm test/s);
    const auth = { issuer: 'https://issuer.example', audience: 'shop' };
    expect(await notes({ auth })).toContain('needs a token of the issuer https://issuer.example for the audience shop');
    expect(await notes({ auth })).toContain('"helm test" has no token, so this release has no test.');
    const tests = ofKind(await render({ auth }), 'Pod');
    expect(tests).toEqual([]);
  });

  test('name the objects that helm uninstall keeps, if any', async () => {
    expect(await notes()).toContain('delete persistentvolumeclaim,secret --selector app.kubernetes.io/instance=so');
    const external = { address: 'redis.example:6379', existingSecret: 'mine' };
    const address = { inChart: false, external };
    const elsewhere = { broker: address, stateStore: address };
    expect(await notes(elsewhere)).toContain('keeps the key that encrypts the secrets of webhooks. A new release');
    expect(await notes({ ...elsewhere, notification: { keysSecret: 'mine' } })).not.toContain('uninstall');
    expect(await notes({ ...elsewhere, notification: { enabled: false } })).not.toContain('uninstall');
  });
});
