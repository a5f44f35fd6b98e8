import { AUDIENCE, startTestIssuer, type TestIssuer } from '@standing-order/testing/test-issuer';
import { afterAll } from 'vitest';
import { type PlatformFixture, usePlatform } from './platform-fixture.ts';

export interface IssuerPlatform {
  readonly fixture: () => PlatformFixture;
  /** A token with these claims. */
  token(claims: Parameters<TestIssuer['token']>[0]): Promise<string>;
  adminToken(): Promise<string>;
}

/** A platform with one replica of the order service for one test file or block. Its callers need tokens of a test issuer. */
export function useIssuerPlatform(): IssuerPlatform {
  let issuer: TestIssuer;
  const token: IssuerPlatform['token'] = (claims) => issuer.token(claims);
  const adminToken = () => token({ sub: 'root', roles: ['admin'] });
  const fixture = usePlatform(async () => {
    issuer = await startTestIssuer();
    const env = { AUTH_ISSUER: issuer.url, AUTH_AUDIENCE: AUDIENCE };
    return {
      replicas: { order: 1 },
      env: { order: env, consumer: env, restaurant: env },
      headers: { authorization: `Bearer ${await adminToken()}` },
    };
  });
  afterAll(() => issuer?.close());
  return { fixture, token, adminToken };
}
