// @module-tag helm
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findPortBase } from '@standing-order/local';
import { poll } from '@standing-order/testing/poll';
import { resolveTool } from '@standing-order/tools';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { runProgram } from '../../deploy/tools/src/program.ts';
import { type Child, startChild } from '../support/child.ts';
import { type KubernetesObject, one, render } from './helm.ts';

const USER = 'orders';
const PASSWORD = 'secret';
let folder: string;
let port: number;
const children: Child[] = [];

/** A Redis with TLS, a private certificate authority, one ACL user, and no default user. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'standing-order-redis-'));
  port = await findPortBase();
  await createCertificates();
  await writeFile(join(folder, 'users.acl'), `user ${USER} on >${PASSWORD} ~* &* +@all\nuser default off\n`);
  const tls = ['--tls-cert-file', 'server.crt', '--tls-key-file', 'server.key', '--tls-ca-cert-file', 'ca.crt'];
  const flags = ['--port', '0', '--tls-port', `${port}`, ...tls, '--tls-auth-clients', 'no', '--aclfile', 'users.acl'];
  const paths = flags.map((flag) => (/\.(crt|key|acl)$/.test(flag) ? join(folder, flag) : flag));
  children.push(
    startChild(await resolveTool('redis-server'), [...paths, '--save', ''], join(folder, 'redis.log'), process.env),
  );
}, 60_000);

afterAll(async () => {
  for (const child of children.toReversed()) await child.stop();
  await rm(folder, { recursive: true });
});

async function createCertificates(): Promise<void> {
  const openssl = (...args: string[]) => runProgram('openssl', args, { cwd: folder, deadlineMs: 30_000 });
  const key = ['-newkey', 'rsa:2048', '-nodes', '-keyout'];
  await openssl('req', '-x509', ...key, 'ca.key', '-out', 'ca.crt', '-subj', '/CN=private authority');
  await openssl('req', ...key, 'server.key', '-out', 'server.csr', '-subj', '/CN=localhost');
  await writeFile(join(folder, 'names'), 'subjectAltName=DNS:localhost');
  const authority = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial'];
  await openssl('x509', '-req', '-in', 'server.csr', ...authority, '-extfile', 'names', '-out', 'server.crt');
}

/** The state store component of the chart, with the values of its secrets. */
async function renderState(external: object): Promise<KubernetesObject> {
  const values = { inChart: false, external: { address: `localhost:${port}`, ...external } };
  const { auth: _, ...component } = one(await render({ stateStore: values }), 'Component', 'state');
  const metadata = component.spec.metadata.map(({ name, value }: { name: string; value?: string }) => ({
    name,
    value: value ?? PASSWORD,
  }));
  return { ...component, spec: { ...component.spec, metadata } } as KubernetesObject;
}

/** Starts a sidecar of the order service with this component, and resolves to its log once the component is loaded or has failed. */
async function startSidecar(name: string, component: KubernetesObject, certificates: string): Promise<string> {
  const resources = join(folder, name);
  await mkdir(resources);
  await writeFile(join(resources, 'state.yaml'), stringify(component));
  const [http, grpc, internal, metrics] = Array.from(
    { length: 4 },
    (_, index) => port + 1 + 4 * children.length + index,
  );
  const log = join(folder, `${name}.log`);
  const ports = [`--dapr-http-port=${http}`, `--dapr-grpc-port=${grpc}`, `--dapr-internal-grpc-port=${internal}`];
  const flags = ['--app-id=order', `--resources-path=${resources}`, ...ports, `--metrics-port=${metrics}`];
  const address = '--dapr-listen-addresses=127.0.0.1';
  children.push(
    startChild(await resolveTool('daprd'), [...flags, address], log, {
      ...process.env,
      NAMESPACE: 'shop',
      SSL_CERT_DIR: certificates,
    }),
  );
  return poll(
    'the component is loaded or has failed',
    () => readFile(log, 'utf8').catch(() => ''),
    (text) => /Component loaded: state|Failed to init component state/.test(text),
    60_000,
  );
}

test('a sidecar connects to a Redis with TLS of a private authority and an ACL user, as the chart configures it', async () => {
  const component = await renderState({ username: USER, existingSecret: 'mine', tls: true });
  expect(await startSidecar('valid', component, folder)).toContain('Component loaded: state');
});

test.each([
  ['without the authority', { username: USER, existingSecret: 'mine', tls: true }, 'none', 'unknown authority'],
  ['with the default user', { existingSecret: 'mine', tls: true }, '', 'WRONGPASS'],
  ['without TLS', { username: USER, existingSecret: 'mine' }, '', 'Failed to init component state'],
])('a sidecar %s does not connect', async (name, external, certificates, reason) => {
  const log = await startSidecar(name.replaceAll(' ', '-'), await renderState(external), certificates || folder);
  expect(log).toContain(reason);
});
