import { AUDIENCE, startTestIssuer } from '@standing-order/testing/test-issuer';
import type { Cluster } from './cluster.ts';
import { RELEASE, upgrade } from './release.ts';
import { startStandIn, urlOf } from './stand-in.ts';

const issuer = { name: 'issuer', port: 8080, program: 'issuer.mjs' };
const ANSWERS_WITHIN_MS = 40_000;

/** The release told to ask for tokens: without one nobody orders, with one its owner does. Needs README's consumer and restaurant. */
export async function tokensAsked(cluster: Cluster, image: string): Promise<string> {
  const url = urlOf(cluster, issuer);
  const keys = await startTestIssuer();
  try {
    const shown = await fetch(`${keys.url}/keys`, { signal: AbortSignal.timeout(5_000) });
    await startStandIn(cluster, { ...issuer, image, files: { 'keys.json': await shown.text() } });
    await upgrade(cluster, { 'auth.issuer': url, 'auth.audience': AUDIENCE, 'auth.jwksUrl': `${url}/keys` });
    const bearer = async (sub: string) => ({ authorization: `Bearer ${await keys.token({ iss: url, sub })}` });
    return await cluster.forwarded(`service/${RELEASE}-order`, 80, async (port) => {
      const seen = [
        ['without a token', await order(port, {}), '401 none'],
        ["with another's", await order(port, await bearer('bob')), '403 none'],
        ['with its own', await order(port, await bearer('ada')), '201 VALIDATED'],
      ];
      const wrong = seen.filter(([, answer, expected]) => answer !== expected);
      if (wrong.length > 0) throw new Error(wrong.map((each) => each.join(': ')).join('; '));
      return seen.map(([who, answer]) => `${who} ${answer}`).join(', ');
    });
  } finally {
    await keys.close();
  }
}

/** The status of the answer to an order of README's consumer, and of the order in it. */
async function order(port: number, headers: Readonly<Record<string, string>>): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', prefer: 'wait=30', ...headers },
    body: JSON.stringify({ consumerId: 'ada', restaurantId: 'trattoria', lines: [{ itemId: 'soup', quantity: 1 }] }),
    signal: AbortSignal.timeout(ANSWERS_WITHIN_MS),
  });
  const body = (await answer.json()) as { readonly id?: string; readonly status: string };
  return `${answer.status} ${body.id === undefined ? 'none' : body.status}`;
}
