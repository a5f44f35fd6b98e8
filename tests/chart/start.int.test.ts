// @module-tag kubeconform
// @module-tag helm
import { expect, test } from 'vitest';
import { ofKind, render } from './helm.ts';

const outside = {
  stateStore: { inChart: false, external: { address: 'store.example:6379' } },
  broker: { inChart: false, external: { address: 'broker.example:6379' } },
};

test('an init container with the same security context waits for the stores in the chart before the sidecar starts', async () => {
  for (const { spec } of ofKind(await render(), 'Deployment')) {
    const [wait, ...more] = spec.template.spec.initContainers;
    expect(more).toEqual([]);
    const addresses = ['so-state-store.shop.svc:6379', 'so-broker.shop.svc:6379'];
    expect(wait.args).toEqual(['deploy/images/wait-for.ts', ...addresses]);
    expect(wait.image).toBe(spec.template.spec.containers[0].image);
    expect(wait.securityContext).toEqual(spec.template.spec.containers[0].securityContext);
  }
});

test('pods do not wait for external stores', async () => {
  for (const { spec } of ofKind(await render(outside), 'Deployment')) {
    expect(spec.template.spec.initContainers).toBeUndefined();
  }
});
