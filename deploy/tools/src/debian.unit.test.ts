import { mkdir, mkdtemp, readFile, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { keepLinksInside, plannedPackages } from './debian.ts';

test('reads the packages to download from a simulated installation', () => {
  const plan = `NOTE: This is only a simulation!
The following NEW packages will be installed:
  liblzf1 redis-server
Inst liblzf1 (3.6-3 Debian:12.11/oldstable [amd64])
Inst redis-server (5:7.0.15-1~deb12u5 Debian-Security:12/oldstable-security [amd64]) []
Conf liblzf1 (3.6-3 Debian:12.11/oldstable [amd64])
Conf redis-server (5:7.0.15-1~deb12u5 Debian-Security:12/oldstable-security [amd64])`;
  expect(plannedPackages(plan)).toEqual(['liblzf1', 'redis-server']);
});

test('keeps links to files of the packages valid when the folder is moved', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'standing-order-links-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const root = join(folder, 'making');
  await mkdir(join(root, 'etc', 'java'), { recursive: true });
  await mkdir(join(root, 'usr', 'lib'), { recursive: true });
  await writeFile(join(root, 'etc', 'java', 'jvm.cfg'), '-server KNOWN');
  await symlink('/etc/java/jvm.cfg', join(root, 'usr', 'lib', 'jvm.cfg'));
  await symlink('/etc/hostname', join(root, 'usr', 'lib', 'elsewhere'));
  await symlink('jvm.cfg', join(root, 'usr', 'lib', 'beside'));

  await keepLinksInside(root);
  const made = join(folder, 'made');
  await rename(root, made);
  expect(await readFile(join(made, 'usr', 'lib', 'jvm.cfg'), 'utf8')).toBe('-server KNOWN');
  expect(await readlink(join(made, 'usr', 'lib', 'elsewhere'))).toBe('/etc/hostname');
  expect(await readlink(join(made, 'usr', 'lib', 'beside'))).toBe('jvm.cfg');
});
