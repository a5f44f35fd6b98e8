import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

const everyService = { DAPR_GRPC_PORT: 'sidecar', DAPR_HTTP_PORT: 'sidecar', LOG_LEVEL: 'loud' };

test.each([
  [
    'order',
    {
      ...everyService,
      ORDER_DEADLINE_SECONDS: 'soon',
      ACCEPT_DEADLINE_MS: '-1',
      ORDER_TOKEN_KEYS: 'c2hvcnQ=',
      ORDER_TOKEN_REQUIRED: 'perhaps',
    },
  ],
  ['consumer', everyService],
  ['restaurant', everyService],
  [
    'notification',
    { ...everyService, WEBHOOKS_ALLOW_HTTP: 'maybe', WEBHOOKS_ALLOW_ADDRESSES: 'all', WEBHOOK_SECRET_KEYS: 'c2hvcnQ=' },
  ],
])('the %s service names every fault of its configuration at once and ends with exit code 2', (service, wrong) => {
  const { status, stderr } = spawnSync(process.execPath, [`services/${service}/src/main.ts`], {
    cwd: root,
    encoding: 'utf8',
    timeout: 60_000,
    env: { PATH: process.env.PATH, ...wrong },
  });
  // PORT is missing.
  for (const name of ['PORT', ...Object.keys(wrong)]) expect(stderr).toMatch(new RegExp(`^\\s*${name}: `, 'm'));
  expect(status).toBe(2);
});

test.each([[{}], [{ ORDER_TOKEN_KEYS: ',' }]])(
  'the order service does not start without a key for its tokens: %j',
  (keys) => {
    const { status, stderr } = spawnSync(process.execPath, ['services/order/src/main.ts'], {
      cwd: root,
      encoding: 'utf8',
      timeout: 60_000,
      env: { PATH: process.env.PATH, PORT: '1', DAPR_GRPC_PORT: '1', DAPR_HTTP_PORT: '1', ...keys },
    });
    expect(stderr.trimEnd().split('\n')).toEqual([
      'Invalid configuration:',
      expect.stringMatching(/^ {2}ORDER_TOKEN_KEYS: /),
    ]);
    expect(status).toBe(2);
  },
);
