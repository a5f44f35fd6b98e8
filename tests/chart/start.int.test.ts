// @module-tag kubeconform
// @module-tag helm
import { expect, test } from 'vitest';
import { ofKind, render } from './helm.ts';

const outside = {
  stateStore: { inChart: false, external: { address: 'store.example:6379' } },
  broker: { inChart: false, external: { address: 'broker.example:6379' } },
};

test('a pod waits for the stores that are installed with it before its sidecar starts, hardened like the rest', async () => {
  for (const { spec } of ofKind(await render(), 'Deployment')) {
    const [wait, ...more] = spec.template.spec.initContainers;
    expect(more).toEqual([]);
    const addresses = ['so-state-store.shop.svc:6379', 'so-broker.shop.svc:6379'];
    expect(wait.args).toEqual(['deploy/images/wait-for.ts', ...addresses]);
    expect(wait.image).toBe(spec.template.spec.containers[0].image);
    expect(wait.securityContext).toEqual(spec.template.spec.containers[0].securityContext);
  }
});

test('and for those alone', async () => {
  for (const { spec } of ofKind(await render(outside), 'Deployment')) {
    expect(spec.template.spec.initContainers).toBeUndefined();
  }
});
