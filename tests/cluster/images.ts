import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { copyFile, cp, mkdir, rename } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { resolveTool } from '../../deploy/tools/src/index.ts';
import { runProgram } from '../../deploy/tools/src/program.ts';
import type { Testbed } from './testbed.ts';

const minute = 60_000;
const root = resolve(import.meta.dirname, '../..');
const daprModule = join(root, 'deploy/tools/daprd');
const dockerfile = (name: string) => join(import.meta.dirname, 'images', `${name}.Dockerfile`);

export const DAPR_VERSION = '1.18.1';
/** Made here of what deploy/tools fetches; no claim to be the public image. */
export const OWN_KAFKA_IMAGE = 'standing-order-kafka:test';
/** Made here of Debian's package; no claim to be the public image. */
export const OWN_POSTGRESQL_IMAGE = 'standing-order-postgresql:test';

const controlPlane = ['injector', 'operator', 'placement', 'sentry'];

/** Where images are made. */
export interface Work {
  readonly testbed: Testbed;
  /** For the contexts of builds. */
  readonly scratch: string;
  readonly signal: AbortSignal;
  readonly onLine: (line: string) => void;
}

/** Dapr's programs, of the module that deploy/tools pins. Resolves to the image's name, which changes with what is in it. */
export async function haveDaprImage(work: Work): Promise<string> {
  const programs = new Map([['daprd', await resolveTool('daprd')]]);
  for (const program of controlPlane) programs.set(program, await controlPlaneProgram(program, work));
  const hash = createHash('sha256');
  for (const path of [dockerfile('dapr'), ...programs.values()])
    for await (const chunk of createReadStream(path)) hash.update(chunk);
  // The whole name, since Dapr's chart takes only such for an image of its own.
  const image = `docker.io/library/dapr:${DAPR_VERSION}-${hash.digest('hex').slice(0, 8)}`;
  const build = async () => {
    work.signal.throwIfAborted();
    const context = await contextOf(work.scratch, 'dapr');
    for (const [program, path] of programs) await copyFile(path, join(context, program));
    await work.testbed.build(image, context, ['--file', dockerfile('dapr')]);
  };
  // 300 MB, which an earlier run may have made.
  await work.testbed.load(image).catch(build);
  return image;
}

/** The path of a program of Dapr's control plane; built if it is not in the cache. */
async function controlPlaneProgram(program: string, { signal, onLine }: Work): Promise<string> {
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'standing-order', 'cluster');
  const folder = join(cache, `dapr-${DAPR_VERSION}`);
  const path = join(folder, program);
  if (existsSync(path)) return path;
  onLine(`building Dapr's ${program}`);
  const version = `-X github.com/dapr/dapr/pkg/buildinfo.version=${DAPR_VERSION}`;
  const flags = ['-mod=readonly', '-trimpath', '-buildvcs=false', '-tags=allcomponents', `-ldflags=-s -w ${version}`];
  // It gets its name when it is whole.
  const half = `${path}.half`;
  await mkdir(folder, { recursive: true });
  await runProgram('go', ['build', ...flags, '-o', half, `github.com/dapr/dapr/cmd/${program}`], {
    cwd: daprModule,
    env: { ...process.env, CGO_ENABLED: '0', GOWORK: 'off' },
    signal,
    deadlineMs: 20 * minute,
  });
  await rename(half, path);
  return path;
}

/** The folder of Dapr's own chart, which lies in its Go module. */
export async function daprChart(signal: AbortSignal): Promise<string> {
  const list = ['list', '-m', '-f', '{{.Dir}}', 'github.com/dapr/dapr'];
  const folder = await runProgram('go', list, { cwd: daprModule, signal, deadlineMs: 5 * minute });
  return join(folder.trim(), 'charts', 'dapr');
}

/** The services, from this checkout. */
export const buildServicesImage = ({ testbed }: Work, image: string): Promise<void> =>
  testbed.build(image, root, ['--file', join(root, 'deploy/images/Dockerfile')]);

/** The load generator. */
export async function buildK6Image({ testbed, scratch }: Work, image: string): Promise<void> {
  const context = await contextOf(scratch, 'k6');
  await copyFile(await resolveTool('k6'), join(context, 'k6'));
  await testbed.build(image, context, ['--file', dockerfile('k6')]);
}

/** Kafka with a Java beside it. */
export async function buildKafkaImage({ testbed, scratch }: Work): Promise<void> {
  const context = await contextOf(scratch, 'kafka');
  await cp(join(dirname(await resolveTool('kafka')), 'libs'), join(context, 'libs'), { recursive: true });
  await copyFile(join(import.meta.dirname, 'images', 'start-kafka'), join(context, 'start-kafka'));
  await testbed.build(OWN_KAFKA_IMAGE, context, ['--file', dockerfile('kafka')]);
}

/** PostgreSQL, of the version that Debian has. */
export async function buildPostgresqlImage({ testbed, scratch }: Work): Promise<void> {
  const context = await contextOf(scratch, 'postgresql');
  await copyFile(join(import.meta.dirname, 'images', 'start-postgresql'), join(context, 'start-postgresql'));
  await testbed.build(OWN_POSTGRESQL_IMAGE, context, ['--file', dockerfile('postgresql')]);
}

async function contextOf(scratch: string, name: string): Promise<string> {
  const context = join(scratch, `image-${name}`);
  await mkdir(context);
  return context;
}
