import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { configFaults, loadConfig, port, serviceConfig, wholeNumber } from './index.ts';

const good = { PORT: '3000', DAPR_GRPC_PORT: '50001', DAPR_HTTP_PORT: '3500' };
const faults = (env: NodeJS.ProcessEnv) => {
  const { error } = serviceConfig.safeParse(env);
  return error ? configFaults(error, env) : [];
};

test('uses defaults for absent and empty variables, and ignores unknown ones', () => {
  expect(loadConfig(serviceConfig, { ...good, HOST: '', SOMETHING: 'else' })).toEqual({
    PORT: 3000,
    DAPR_GRPC_PORT: 50_001,
    DAPR_HTTP_PORT: 3500,
    HOST: '127.0.0.1',
    STATE_STORE: 'state',
    KEEP_ALIVE_SECONDS: 75,
    PUBSUB: 'messages',
    LOG_LEVEL: 'info',
    AUTH_CONSUMER_CLAIM: 'sub',
    AUTH_ROLES_CLAIM: 'roles',
    AUTH_ADMIN_ROLE: 'admin',
  });
});

test('requires issuer, audience and the sidecar’s token together, and lists their faults with the others', () => {
  const issuer = { AUTH_ISSUER: 'https://issuer.example' };
  const token = { APP_API_TOKEN: 'secret' };
  expect(faults({ ...good, ...issuer, ...token, AUTH_AUDIENCE: 'shop' })).toEqual([]);
  expect(faults({ ...good, ...issuer, AUTH_AUDIENCE: 'shop' })).toEqual(['APP_API_TOKEN: is missing']);
  expect(faults({ ...good, ...issuer, ...token })).toEqual(['AUTH_AUDIENCE: is missing']);
  expect(faults({ ...good, AUTH_AUDIENCE: 'shop' })).toEqual(['AUTH_ISSUER: is missing']);
  expect(faults({ ...good, AUTH_JWKS_URL: 'https://issuer.example/keys' })).toEqual(['AUTH_ISSUER: is missing']);
  expect(faults({ PORT: '80', AUTH_ISSUER: 'issuer.example' })).toEqual([
    'DAPR_GRPC_PORT: is missing',
    'DAPR_HTTP_PORT: is missing',
    'AUTH_ISSUER: must be an http or https URL',
    'AUTH_AUDIENCE: is missing',
    'APP_API_TOKEN: is missing',
  ]);
});

test('lists every fault at once, without values', () => {
  const found = faults({ PORT: '70000', LOG_LEVEL: 'secret-level' });
  expect(found).toEqual([
    'PORT: must be between 1 and 65535',
    'DAPR_GRPC_PORT: is missing',
    'DAPR_HTTP_PORT: is missing',
    expect.stringMatching(/^LOG_LEVEL: .*"debug"/),
  ]);
  expect(found.join()).not.toContain('secret-level');
});

test.each(['collector:4318', 'collector', 'grpc://collector:4317', 'http:collector', 'http://'])(
  'refuses %j as a receiver of traces',
  (url) => {
    const fault = 'must be an http or https URL';
    expect(faults({ ...good, OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: url })).toEqual([
      `OTEL_EXPORTER_OTLP_ENDPOINT: ${fault}`,
      `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: ${fault}`,
    ]);
    expect(faults({ ...good, OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318/otlp' })).toEqual([]);
  },
);

test.each(['0', '-1', '1.5', '1e3', ' 80', '0x50', 'http', '65536'])('refuses %j as a port', (text) => {
  expect(port.safeParse(text).success).toBe(false);
});

test('accepts a whole number only within its bounds', () => {
  expect(wholeNumber(1, 10).parse('10')).toBe(10);
  expect(wholeNumber(1, 10).safeParse('11').success).toBe(false);
});

test('an invalid configuration ends the process with exit code 2 and all faults on stderr', async () => {
  const module = new URL('index.ts', import.meta.url).href;
  const script = `const { loadConfig, serviceConfig } = await import('${module}'); loadConfig(serviceConfig);`;
  const run = promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
    env: { PORT: 'x' },
    timeout: 30_000,
  });
  await expect(run).rejects.toMatchObject({
    code: 2,
    stdout: '',
    stderr:
      'Invalid configuration:\n  PORT: must be a whole number\n  DAPR_GRPC_PORT: is missing\n  DAPR_HTTP_PORT: is missing\n',
  });
});
