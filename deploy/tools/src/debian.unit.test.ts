import { expect, test } from 'vitest';
import { plannedPackages } from './debian.ts';

test('reads the packages to fetch from a simulated installation', () => {
  const plan = `NOTE: This is only a simulation!
The following NEW packages will be installed:
  liblzf1 redis-server
Inst liblzf1 (3.6-3 Debian:12.11/oldstable [amd64])
Inst redis-server (5:7.0.15-1~deb12u5 Debian-Security:12/oldstable-security [amd64]) []
Conf liblzf1 (3.6-3 Debian:12.11/oldstable [amd64])
Conf redis-server (5:7.0.15-1~deb12u5 Debian-Security:12/oldstable-security [amd64])`;
  expect(plannedPackages(plan)).toEqual(['liblzf1', 'redis-server']);
});
