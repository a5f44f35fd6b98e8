import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, type GenerateKeyPairResult, generateKeyPair, SignJWT } from 'jose';

export const AUDIENCE = 'standing-order';

/** An issuer of tokens on loopback, with keys of its own. For tests. */
export interface TestIssuer {
  readonly url: string;
  /** How often its keys were asked for. */
  readonly reads: () => number;
  /** Makes a key of this kind the one that signs; without `keep` it is the only one that is shown. */
  useKey(
    kid: string,
    algorithm: string,
    options?: { readonly keep?: boolean; readonly secretly?: boolean },
  ): Promise<void>;
  /** A token that is good for five minutes unless the claims say otherwise; a claim that is undefined is left out. */
  token(claims?: Record<string, unknown>): Promise<string>;
  /** How it answers from now on. */
  behave(how: 'well' | 'failing' | 'hanging'): void;
  close(): Promise<void>;
}

interface Key {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: GenerateKeyPairResult['privateKey'];
  readonly shown: object;
}

/** Starts an issuer with one key, on a free port. Close it. */
export async function startTestIssuer(): Promise<TestIssuer> {
  let keys: Key[] = [];
  let signing: Key | undefined;
  let reads = 0;
  let behaviour: 'well' | 'failing' | 'hanging' = 'well';
  let url = '';

  const answer = (path: string | undefined): object => {
    if (path !== '/keys') return { issuer: url, jwks_uri: `${url}/keys` };
    reads++;
    return { keys: keys.map(({ shown }) => shown) };
  };
  const server = createServer(({ url: path }, response: ServerResponse) => {
    if (behaviour === 'hanging') return;
    response.statusCode = behaviour === 'failing' ? 500 : 200;
    response.setHeader('content-type', 'application/json').end(JSON.stringify(answer(path)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const issuer: TestIssuer = {
    url,
    reads: () => reads,
    async useKey(kid, alg, { keep = false, secretly = false } = {}) {
      const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
      signing = { kid, alg, privateKey, shown: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } };
      keys = [...(keep ? keys : []), ...(secretly ? [] : [signing])];
    },
    token(claims = {}) {
      if (!signing) throw new Error('the issuer has no key');
      const now = Math.floor(Date.now() / 1_000);
      const payload = { iss: url, aud: AUDIENCE, sub: 'ada', iat: now, exp: now + 300, ...claims };
      return new SignJWT(payload).setProtectedHeader({ alg: signing.alg, kid: signing.kid }).sign(signing.privateKey);
    },
    behave: (how) => {
      behaviour = how;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  await issuer.useKey('first', 'ES256');
  return issuer;
}
