import { problem } from '@standing-order/contracts';
import { Hono } from 'hono';
import { expect, test } from 'vitest';
import { type Caller, setCaller, UNAUTHENTICATED_ADMIN } from '../auth/caller.ts';
import { parseBody } from './body.ts';
import { ProblemError, problemResponse } from './problem.ts';

const LIMIT = 256 * 1024;
const LARGE = 32_000;
const SMALL = 1_000;
const MAX_PER_CALLER = 50;

/** An application whose callers are named by the path, and the uploads that it receives. */
function setUp() {
  const app = new Hono();
  app.post('/:caller', async (c) => {
    const client = c.req.param('caller');
    const caller: Caller = { client, admin: false, consumer: undefined };
    setCaller(c, client === 'anyone' ? UNAUTHENTICATED_ADMIN : caller);
    await parseBody(c, LIMIT);
    return c.body(null, 204);
  });
  app.onError((error) => {
    if (error instanceof ProblemError) return problemResponse(error.kind, error.details);
    throw error;
  });

  /** Sends a JSON text of this size without its last byte. Its length is declared, or unknown. */
  function upload(caller: string, size: number, declared = true) {
    let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
    let wasRead = false;
    const body = new ReadableStream<Uint8Array>(
      {
        start(it) {
          controller = it;
          it.enqueue(Buffer.from(`"${'x'.repeat(size - 2)}`));
        },
        pull() {
          wasRead = true;
        },
      },
      { highWaterMark: 0 },
    );
    const headers: Record<string, string> = declared ? { 'content-length': String(size) } : {};
    const response = app.request(`/${caller}`, { method: 'POST', body, headers, duplex: 'half' } as RequestInit);
    const finish = () => {
      controller?.enqueue(Buffer.from('"'));
      controller?.close();
    };
    return { response, finish, wasRead: () => wasRead };
  }
  return { upload };
}

const times = <T>(n: number, make: () => T): T[] => Array.from({ length: n }, make);

test('large bodies of one caller have a limit, and leave room for other callers', async () => {
  const { upload } = setUp();
  const open = times(MAX_PER_CALLER, () => upload('eve', LARGE));
  const refused = upload('eve', LARGE);
  const response = await refused.response;
  expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
  expect(problem.parse(await response.json()).detail).toContain('this caller is sending too many large bodies');
  expect(refused.wasRead()).toBe(false);

  const other = upload('bob', LARGE);
  other.finish();
  expect((await other.response).status).toBe(204);

  for (const { finish } of open) finish();
  expect(new Set((await Promise.all(open.map((one) => one.response))).map(({ status }) => status))).toEqual(
    new Set([204]),
  );
  const again = upload('eve', LARGE);
  again.finish();
  expect((await again.response).status).toBe(204);
});

test('a body of unknown length counts once it is large, so that many small ones are accepted at the same time', async () => {
  const { upload } = setUp();
  const small = times(MAX_PER_CALLER * 2, () => upload('eve', SMALL, false));
  const large = times(MAX_PER_CALLER, () => upload('eve', LARGE, false));
  expect((await upload('eve', LARGE, false).response).status).toBe(503);
  const all = [...small, ...large];
  for (const { finish } of all) finish();
  expect(new Set((await Promise.all(all.map((one) => one.response))).map(({ status }) => status))).toEqual(
    new Set([204]),
  );
});

test('without authentication all callers look the same, and have no limit of their own', async () => {
  const { upload } = setUp();
  const open = times(MAX_PER_CALLER * 2, () => upload('anyone', LARGE));
  for (const { finish } of open) finish();
  expect(new Set((await Promise.all(open.map((one) => one.response))).map(({ status }) => status))).toEqual(
    new Set([204]),
  );
});
