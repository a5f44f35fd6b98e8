import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, type GenerateKeyPairResult, generateKeyPair, SignJWT } from 'jose';

/** The audience of the tokens. */
export const AUDIENCE = 'standing-order';

/** An issuer of tokens on loopback, with its own keys. */
export interface TestIssuer {
  readonly url: string;
  /** Number of reads of the key set. */
  readonly reads: () => number;
  /** Number of requests of any kind, failed ones included. */
  readonly requests: () => number;
  /** Signs with a new key from now on. `keep`: the earlier keys stay published. `secretly`: the new key is not published. */
  useKey(
    kid: string,
    algorithm: string,
    options?: { readonly keep?: boolean; readonly secretly?: boolean },
  ): Promise<void>;
  /** A token that is valid for five minutes, unless the claims override it. A claim that is undefined is omitted. */
  token(claims?: Record<string, unknown>): Promise<string>;
  /** Sets how the issuer responds: normally, with 500, or not at all. */
  setBehaviour(behaviour: Behaviour): void;
  close(): Promise<void>;
}

type Behaviour = 'normal' | 'failing' | 'hanging';

interface Key {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: GenerateKeyPairResult['privateKey'];
  readonly published: object;
}

/** Starts an issuer with one key, on a free port. Close it. */
export async function startTestIssuer(): Promise<TestIssuer> {
  let keys: Key[] = [];
  let signing: Key | undefined;
  let reads = 0;
  let requests = 0;
  let behaviour: Behaviour = 'normal';
  let url = '';

  const documentAt = (path: string | undefined): object => {
    if (path !== '/keys') return { issuer: url, jwks_uri: `${url}/keys` };
    reads++;
    return { keys: keys.map(({ published }) => published) };
  };
  const server = createServer(({ url: path }, response: ServerResponse) => {
    requests++;
    if (behaviour === 'hanging') return;
    response.statusCode = behaviour === 'failing' ? 500 : 200;
    response.setHeader('content-type', 'application/json').end(JSON.stringify(documentAt(path)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const issuer: TestIssuer = {
    url,
    reads: () => reads,
    requests: () => requests,
    async useKey(kid, alg, { keep = false, secretly = false } = {}) {
      const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
      signing = { kid, alg, privateKey, published: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } };
      keys = [...(keep ? keys : []), ...(secretly ? [] : [signing])];
    },
    token(claims = {}) {
      if (!signing) throw new Error('the issuer has no key');
      const now = Math.floor(Date.now() / 1_000);
      const payload = { iss: url, aud: AUDIENCE, sub: 'ada', iat: now, exp: now + 300, ...claims };
      return new SignJWT(payload).setProtectedHeader({ alg: signing.alg, kid: signing.kid }).sign(signing.privateKey);
    },
    setBehaviour: (next) => {
      behaviour = next;
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
