import { AUDIENCE, startTestIssuer } from '@standing-order/testing/test-issuer';
import type { Cluster } from './cluster.ts';
import { RELEASE, upgradeRelease } from './release.ts';
import { standInUrl, startStandIn } from './stand-in.ts';

const ISSUER = { name: 'issuer', port: 8080, program: 'issuer.mjs' };
const RESPONSE_WITHIN_MS = 40_000;

/**
 * Upgrades the release so that it requires bearer tokens. A request without a token, or with another consumer's, is refused; the
 * consumer's own token is accepted. Needs README's consumer and restaurant.
 */
export async function checkTokens(cluster: Cluster, image: string): Promise<string> {
  const url = standInUrl(cluster, ISSUER);
  const issuer = await startTestIssuer();
  try {
    const keys = await fetch(`${issuer.url}/keys`, { signal: AbortSignal.timeout(5_000) });
    await startStandIn(cluster, { ...ISSUER, image, files: { 'keys.json': await keys.text() } });
    await upgradeRelease(cluster, { 'auth.issuer': url, 'auth.audience': AUDIENCE, 'auth.jwksUrl': `${url}/keys` });
    const bearer = async (sub: string) => ({ authorization: `Bearer ${await issuer.token({ iss: url, sub })}` });
    return await cluster.forward(`service/${RELEASE}-order`, 80, async (port) => {
      const results = [
        ['without a token', await placeOrder(port, {}), '401 none'],
        ["with another consumer's token", await placeOrder(port, await bearer('bob')), '403 none'],
        ["with the consumer's own token", await placeOrder(port, await bearer('ada')), '201 VALIDATED'],
      ];
      const wrong = results.filter(([, result, expected]) => result !== expected);
      if (wrong.length > 0) throw new Error(wrong.map((each) => each.join(': ')).join('; '));
      return results.map(([request, result]) => `${request} ${result}`).join(', ');
    });
  } finally {
    await issuer.close();
  }
}

/** Places an order of README's consumer; resolves to the HTTP status and the order's status. */
async function placeOrder(port: number, headers: Readonly<Record<string, string>>): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', prefer: 'wait=30', ...headers },
    body: JSON.stringify({ consumerId: 'ada', restaurantId: 'trattoria', lines: [{ itemId: 'soup', quantity: 1 }] }),
    signal: AbortSignal.timeout(RESPONSE_WITHIN_MS),
  });
  const body = (await response.json()) as { readonly id?: string; readonly status: string };
  return `${response.status} ${body.id === undefined ? 'none' : body.status}`;
}
