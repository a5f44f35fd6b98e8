import { poll } from '@standing-order/testing/poll';
import { expect, test } from 'vitest';
import { Attack } from '../support/attack.ts';
import { useIssuerPlatform } from '../support/issuer-platform.ts';
import { CONSUMER } from '../support/platform-fixture.ts';

const MAX_STREAMS_PER_CALLER = 10;
const PLAN = { slowUploads: 700, streams: 60, halfSent: 50, documentsPerSecond: 30 };
const ORDERS = 100;

const { fixture, token } = useIssuerPlatform();

test('a caller with slow uploads, many streams, half-sent requests and reads of documents keeps no other caller out', async () => {
  const url = fixture().platform.urls.order[0] as string;
  const attack = new Attack({ url, consumerId: 'mallory', token: await token({ sub: 'mallory' }) });
  try {
    await attack.start(PLAN);
    await poll(
      'the attack has reached the bounds',
      () => attack.counts(),
      ({ open, responses }) =>
        (responses['stream 503'] ?? 0) >= PLAN.streams - MAX_STREAMS_PER_CALLER &&
        (responses['upload 503'] ?? 0) > 0 &&
        (responses['document 200'] ?? 0) > 0 &&
        open['half-sent'] === PLAN.halfSent,
    );

    const headers = { authorization: `Bearer ${await token({ sub: CONSUMER })}` };
    const answers = await fixture().place(ORDERS, { headers });
    expect(answers.map(({ status }) => status)).toEqual(Array(ORDERS).fill(202));
    const stream = await fetch(`${url}/consumers/${CONSUMER}/orders/events`, { headers });
    expect(stream.status).toBe(200);
    await stream.body?.cancel();
    await fixture().allDecided();
  } finally {
    attack.stop();
  }
});
