// @module-tag kubeconform
// @module-tag helm
// @module-tag kafka
// @module-tag java
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { kafkaProcess, kafkaSettings } from '@standing-order/local/processes/kafka';
import { poll } from '@standing-order/testing/poll';
import { resolveTool } from '@standing-order/tools';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ExternalStore, renderComponent } from './external-store.ts';

const USER = 'orders';
const PASSWORD = 'secret';
const CLUSTER_ID = 'standing-order-broker1';
let store: ExternalStore;
let port: number;

/** A Kafka with TLS of a private certificate authority, and a user with PLAIN and both kinds of SCRAM. */
beforeAll(async () => {
  store = await ExternalStore.create();
  await store.createCertificates();
  const pem = await Promise.all(['server.key', 'server.crt'].map((file) => readFile(store.path(file), 'utf8')));
  await writeFile(store.path('server.pem'), pem.join(''));
  const [plainPort, controllerPort] = [store.port(), store.port()];
  port = store.port();
  const options = {
    binary: await resolveTool('kafka'),
    java: await resolveTool('java'),
    ...{ port: plainPort, advertisedPort: plainPort, controllerPort, dataDir: store.folder },
    properties: saslProperties(plainPort, controllerPort),
  };
  const { program, prepare, ready } = kafkaProcess(options);
  await format(options, program.env);
  await prepare?.(AbortSignal.timeout(60_000));
  store.startProgram('kafka', program);
  await poll('Kafka answers', () => ready(AbortSignal.timeout(2_000)).then(() => true), Boolean, 120_000);
}, 300_000);

afterAll(() => store.close());

function saslProperties(plainPort: number, controllerPort: number) {
  const module = (name: string) => `org.apache.kafka.common.security.${name} required`;
  const listeners = [`PLAINTEXT://127.0.0.1:${plainPort}`, `SASL_SSL://localhost:${port}`];
  return {
    listeners: [...listeners, `CONTROLLER://127.0.0.1:${controllerPort}`].join(),
    'advertised.listeners': listeners.join(),
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT',
    'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
    'listener.name.sasl_ssl.plain.sasl.jaas.config': `${module('plain.PlainLoginModule')} user_${USER}="${PASSWORD}";`,
    'listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config': `${module('scram.ScramLoginModule')};`,
    'listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config': `${module('scram.ScramLoginModule')};`,
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': store.path('server.pem'),
  };
}

/** Creates the data directory with the user of SCRAM, which is part of the first metadata of Kafka. */
async function format(options: Parameters<typeof kafkaProcess>[0], env: NodeJS.ProcessEnv): Promise<void> {
  const settings = { ...kafkaSettings(options, store.path('kafka')), ...options.properties };
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
  await writeFile(store.path('format.properties'), lines.join(''));
  const users = ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((kind) => [
    '--add-scram',
    `${kind}=[name=${USER},password=${PASSWORD}]`,
  ]);
  const tool = ['kafka.tools.StorageTool', 'format', '--cluster-id', CLUSTER_ID];
  await promisify(execFile)(options.binary, [...tool, '--config', store.path('format.properties'), ...users], { env });
}

/**
 * Starts a sidecar with the component of the chart. `send` publishes a message, and resolves to the status of the response.
 *
 * @param certificates the folder of the authorities that the sidecar trusts besides that of the component; default: none
 */
async function startPublisher(external: object, password: string, certificates = 'none') {
  const broker = { kind: 'kafka', inChart: false, external: { address: `localhost:${port}`, ...external } };
  const secrets = { username: USER, password, 'ca.crt': await readFile(store.path('ca.crt'), 'utf8') };
  const sidecar = await store.startSidecar(await renderComponent('messages', { broker }, secrets), certificates);
  const send = () =>
    fetch(`${sidecar.url}/v1.0/publish/messages/consumer-commands`, {
      method: 'POST',
      body: '{}',
      headers: { 'content-type': 'application/json' },
      signal: AbortSignal.timeout(60_000),
    }).then(({ status }) => status, String);
  return { send, readLog: () => sidecar.readLog() };
}

async function publish(...parameters: Parameters<typeof startPublisher>) {
  const { send, readLog } = await startPublisher(...parameters);
  return { status: await send(), log: await readLog() };
}

const withTls = { existingSecret: 'mine', tls: true, ca: { secret: 'ca' } };

test.each(['plain', 'scram-sha-256', 'scram-sha-512'])(
  'a sidecar publishes to a Kafka with TLS and %s, as the chart configures it',
  async (authentication) => {
    const { send, readLog } = await startPublisher({ ...withTls, authentication }, PASSWORD);
    // Just after its topic was created, Kafka refuses a message: the partition has no leader yet.
    const accepted = poll('Kafka accepts a message', send, (status) => status === 204, 20_000);
    await accepted.catch(async (error: unknown) => expect.fail(`${error}\n${await readLog()}`));
  },
);

test.each(['plain', 'scram-sha-512'])(
  'a sidecar with a wrong password (%s) does not publish',
  async (authentication) => {
    const { status, log } = await publish({ ...withTls, authentication }, 'wrong');
    expect(status).not.toBe(204);
    expect(log).toMatch(/[Aa]uthentication|SASL/);
  },
);

test('a sidecar verifies the certificate of the Kafka: by broker.external.ca, or by caBundle', async () => {
  const withoutCa = { existingSecret: 'mine', tls: true };
  const refused = await publish(withoutCa, PASSWORD);
  expect(refused.status).not.toBe(204);
  expect(refused.log).toContain('unknown authority');
  expect((await publish(withoutCa, PASSWORD, store.folder)).status).toBe(204);
});
