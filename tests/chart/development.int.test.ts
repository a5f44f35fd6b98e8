// @module-tag kubeconform
// @module-tag helm
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { ofKind, one, render } from './helm.ts';
import { judge } from './kubeconform.ts';
import { writeSkaffoldSchema } from './schemas.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
let folder: string;
let schemas: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'standing-order-skaffold-'));
  schemas = await writeSkaffoldSchema(join(folder, 'schemas'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

// biome-ignore lint/suspicious/noExplicitAny: the schema of skaffold describes the fields.
const readSkaffold = async (): Promise<any> => parse(await readFile(join(root, 'skaffold.yaml'), 'utf8'));

describe('skaffold.yaml', () => {
  test('is valid by the schema of skaffold', async () => {
    expect(await judge(join(root, 'skaffold.yaml'), schemas)).toMatchObject([{ status: 'statusValid' }]);
  });

  test('is checked against the schema, which detects a wrong field', async () => {
    const wrong = join(folder, 'wrong.yaml');
    const config = await readSkaffold();
    config.deploy.helm.releases[0].chart = config.deploy.helm.releases[0].chartPath;
    await writeFile(wrong, stringify(config));
    expect(await judge(wrong, schemas)).toMatchObject([
      { status: 'statusInvalid', msg: expect.stringContaining('chart') },
    ]);
  });

  test.each([
    ['dev', 1, 'redis'],
    ['run', 2, 'redis'],
    ['kafka', 2, 'kafka'],
  ])('sets valid values in the profile %s: %i replicas, %s', async (profile, replicas, broker) => {
    const config = await readSkaffold();
    const [release] = config.deploy.helm.releases;
    const { patches = [] } = config.profiles.find(({ name }: { name: string }) => name === profile);
    const values = { ...release.setValues };
    for (const { path, value } of patches) {
      expect(path).toMatch(/^\/deploy\/helm\/releases\/0\/setValues\/[A-Za-z.]+$/);
      values[path.split('/').at(-1)] = value;
    }
    const objects = await render(values);
    expect(one(objects, 'Deployment', 'so-order').spec.replicas).toBe(replicas);
    expect(one(objects, 'Component', 'messages').spec.type).toBe(`pubsub.${broker}`);
  });

  test('forwards the ports of npm start to the services of the chart', async () => {
    const config = await readSkaffold();
    const [release] = config.deploy.helm.releases;
    const names = ofKind(await render(), 'Service').map(({ metadata }) =>
      metadata.name.replace(/^so-/, `${release.name}-`),
    );
    for (const { resourceName } of config.portForward) expect(names).toContain(resourceName);
    expect(config.portForward.map(({ localPort }: { localPort: number }) => localPort)).toEqual([
      4000, 4100, 4200, 4300,
    ]);
  });

  test('does not set local.push: skaffold must push the image to a remote cluster', async () => {
    expect((await readSkaffold()).build.local).not.toHaveProperty('push');
  });

  test('builds the image of the chart', async () => {
    const [artifact] = (await readSkaffold()).build.artifacts;
    expect(artifact.image).toBe('standing-order');
    await expect(readFile(join(root, artifact.docker.dockerfile), 'utf8')).resolves.toContain('ENTRYPOINT ["node"]');
  });
});

test('the image contains the package.json of every package that the services need', async () => {
  const dockerfile = await readFile(join(root, 'deploy/images/Dockerfile'), 'utf8');
  const needed = new Set<string>();
  const lock = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')).packages;
  const visit = (folder: string): void => {
    if (needed.has(folder)) return;
    needed.add(folder);
    for (const name of Object.keys(lock[folder].dependencies ?? {})) {
      const { link, resolved } = lock[`node_modules/${name}`] ?? {};
      if (link) visit(resolved);
    }
  };
  for (const service of ['order', 'consumer', 'restaurant', 'notification']) visit(`services/${service}`);
  visit('deploy/images');
  expect(needed.size).toBeGreaterThan(5);
  for (const folder of needed) expect(dockerfile).toContain(`COPY ${folder}/package.json ${folder}/\n`);
});
