/**
 * The program of the chart's hook after an installation or an upgrade: waits until no pod of the services reports a fault. PODS
 * is a comma-separated list of HOST:PORT, each a name of all pods of a service. Ends with exit code 1 and the reasons otherwise.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { readFaults } from './readiness.ts';

const RETRY_MS = 1_000;
const targets = (process.env.PODS ?? '').split(',').filter(Boolean);
const deadlineMs = Number(process.env.DEADLINE_SECONDS) * 1_000;
if (targets.length === 0 || !(deadlineMs > 0)) throw new Error('PODS and DEADLINE_SECONDS must be set');

const end = performance.now() + deadlineMs;
for (;;) {
  const faults = (await Promise.all(targets.map(readFaults))).flat();
  if (faults.length === 0) break;
  if (performance.now() > end) {
    console.log(`the installation does not work after ${deadlineMs / 1_000} s:\n  ${faults.join('\n  ')}`);
    process.exit(1);
  }
  await pause(RETRY_MS);
}
console.log('every pod is ready, and none reports a fault');
