import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { copyFile, cp, mkdir, rename } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { resolveTool } from '@standing-order/tools';
import { runProgram } from '../../deploy/tools/src/program.ts';
import type { Testbed } from './testbed.ts';

const MINUTE_MS = 60_000;
const ROOT = resolve(import.meta.dirname, '../..');
const DAPR_MODULE = join(ROOT, 'deploy/tools/daprd');
const dockerfile = (name: string) => join(import.meta.dirname, 'images', `${name}.Dockerfile`);

export const DAPR_VERSION = '1.18.1';
/** A stand-in for the public image, built from the archive that deploy/tools fetches. */
export const OWN_KAFKA_IMAGE = 'standing-order-kafka:test';
/** A stand-in for the public image, built from Debian's package. */
export const OWN_POSTGRESQL_IMAGE = 'standing-order-postgresql:test';

const CONTROL_PLANE = ['injector', 'operator', 'placement', 'sentry'];

/** The cluster that the images are for, and a place to build them. */
export interface ImageBuilder {
  readonly testbed: Testbed;
  /** A folder for the contexts of builds. */
  readonly scratch: string;
  readonly signal: AbortSignal;
  readonly onLine: (line: string) => void;
}

/**
 * Builds the image of Dapr's programs unless it exists, and loads it. Resolves to its name, which contains a hash of its contents.
 * The sidecar is the daprd that deploy/tools resolves. If deploy/tools builds it, it has only the components that the project uses,
 * among them Kubernetes name resolution and secrets (deploy/tools/daprd/components.go). The control plane is built from the same Go
 * module.
 */
export async function ensureDaprImage(builder: ImageBuilder): Promise<string> {
  const programs = new Map([['daprd', await resolveTool('daprd')]]);
  for (const program of CONTROL_PLANE) programs.set(program, await buildControlPlane(program, builder));
  const hash = createHash('sha256');
  for (const path of [dockerfile('dapr'), ...programs.values()])
    for await (const chunk of createReadStream(path)) hash.update(chunk);
  // With registry and repository, because Dapr's chart puts its own registry before any shorter name.
  const image = `docker.io/library/dapr:${DAPR_VERSION}-${hash.digest('hex').slice(0, 8)}`;
  const build = async () => {
    builder.signal.throwIfAborted();
    const context = await createContext(builder.scratch, 'dapr');
    for (const [program, path] of programs) await copyFile(path, join(context, program));
    await builder.testbed.build(image, context, ['--file', dockerfile('dapr')]);
  };
  // An earlier run may have built it; it has about 300 MB.
  await builder.testbed.load(image).catch(build);
  return image;
}

/** Builds a program of Dapr's control plane unless the cache has it; resolves to its path. */
async function buildControlPlane(program: string, { signal, onLine }: ImageBuilder): Promise<string> {
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'standing-order', 'cluster');
  const folder = join(cache, `dapr-${DAPR_VERSION}`);
  const path = join(folder, program);
  if (existsSync(path)) return path;
  onLine(`building Dapr's ${program}`);
  const version = `-X github.com/dapr/dapr/pkg/buildinfo.version=${DAPR_VERSION}`;
  const flags = ['-mod=readonly', '-trimpath', '-buildvcs=false', `-ldflags=-s -w ${version}`];
  // An interrupted build leaves no file with the final name.
  const partial = `${path}.partial`;
  await mkdir(folder, { recursive: true });
  await runProgram('go', ['build', ...flags, '-o', partial, `github.com/dapr/dapr/cmd/${program}`], {
    cwd: DAPR_MODULE,
    env: { ...process.env, CGO_ENABLED: '0', GOWORK: 'off' },
    signal,
    deadlineMs: 20 * MINUTE_MS,
  });
  await rename(partial, path);
  return path;
}

/** The folder of Dapr's own chart, which is part of its Go module. */
export async function daprChart(signal: AbortSignal): Promise<string> {
  const list = ['list', '-m', '-f', '{{.Dir}}', 'github.com/dapr/dapr'];
  const folder = await runProgram('go', list, { cwd: DAPR_MODULE, signal, deadlineMs: 5 * MINUTE_MS });
  return join(folder.trim(), 'charts', 'dapr');
}

/** Builds the services' image from a checkout, by default this one. */
export const buildServicesImage = ({ testbed }: ImageBuilder, image: string, checkout = ROOT): Promise<void> =>
  testbed.build(image, checkout, ['--file', join(checkout, 'deploy/images/Dockerfile')]);

/** Builds the image of the load generator. */
export async function buildK6Image({ testbed, scratch }: ImageBuilder, image: string): Promise<void> {
  const context = await createContext(scratch, 'k6');
  await copyFile(await resolveTool('k6'), join(context, 'k6'));
  await testbed.build(image, context, ['--file', dockerfile('k6')]);
}

/** Builds the image of Kafka, with a Java runtime. */
export async function buildKafkaImage({ testbed, scratch }: ImageBuilder): Promise<void> {
  const context = await createContext(scratch, 'kafka');
  await cp(join(dirname(await resolveTool('kafka')), 'libs'), join(context, 'libs'), { recursive: true });
  await copyFile(join(import.meta.dirname, 'images', 'start-kafka'), join(context, 'start-kafka'));
  await testbed.build(OWN_KAFKA_IMAGE, context, ['--file', dockerfile('kafka')]);
}

/** Builds the image of PostgreSQL, in Debian's version. */
export async function buildPostgresqlImage({ testbed, scratch }: ImageBuilder): Promise<void> {
  const context = await createContext(scratch, 'postgresql');
  await copyFile(join(import.meta.dirname, 'images', 'start-postgresql'), join(context, 'start-postgresql'));
  await testbed.build(OWN_POSTGRESQL_IMAGE, context, ['--file', dockerfile('postgresql')]);
}

async function createContext(scratch: string, name: string): Promise<string> {
  const context = join(scratch, `image-${name}`);
  await mkdir(context);
  return context;
}
