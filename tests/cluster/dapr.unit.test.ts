import { describe, expect, test } from 'vitest';
import { controlPlaneOf } from './dapr.ts';

describe('controlPlaneOf', () => {
  const injector = (version?: string) => ({
    metadata: { namespace: 'mesh', labels: version === undefined ? {} : { 'app.kubernetes.io/version': version } },
  });

  test('reads namespace and version from the injector', () => {
    expect(controlPlaneOf([injector('1.18.1')])).toEqual({ namespace: 'mesh', version: '1.18.1' });
    expect(controlPlaneOf([injector('2.0.0-rc.1')])).toMatchObject({ version: '2.0.0-rc.1' });
    expect(controlPlaneOf([injector('edge')])).toMatchObject({ version: 'edge' });
    expect(controlPlaneOf([injector()])).toMatchObject({ version: 'of an unknown version' });
  });

  test('fails without Dapr, and with a version that is too old', () => {
    expect(() => controlPlaneOf([])).toThrow('the cluster has no Dapr: install 1.18 or newer');
    expect(() => controlPlaneOf([injector('1.9.3')])).toThrow('Dapr in mesh is 1.9.3: install 1.18 or newer');
  });
});
