/**
 * The program of the chart's hook after an installation or an upgrade: waits until no pod of the services reports a fault, and
 * reads the settings of external stores. PODS is a comma-separated list of HOST:PORT, each a name of all pods of a service. Ends
 * with exit code 1 and the reasons at a fault; STORES=warn prints wrong settings of stores only.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { readStores } from './read-stores.ts';
import { readFaults } from './readiness.ts';

const RETRY_MS = 1_000;
const targets = (process.env.PODS ?? '').split(',').filter(Boolean);
const deadlineMs = Number(process.env.DEADLINE_SECONDS) * 1_000;
if (targets.length === 0 || !(deadlineMs > 0)) throw new Error('PODS and DEADLINE_SECONDS must be set');

await waitForPods();
await verifyStores();

async function waitForPods(): Promise<void> {
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
}

async function verifyStores(): Promise<void> {
  let hasFault = false;
  for (const [part, { values, faults, warnings }] of await readStores(process.env)) {
    const settings = Object.entries(values).map(([name, value]) => `${name}=${value}`);
    if (settings.length > 0) console.log(`${part}: ${settings.join(', ')}`);
    for (const warning of warnings) console.log(`WARNING: ${part}: ${warning}`);
    for (const fault of faults) console.log(`ORDERS CAN BE LOST: ${part}: ${fault}`);
    hasFault ||= faults.length > 0;
  }
  if (!hasFault || process.env.STORES === 'warn') return;
  console.log('Change these settings of the store. To accept the loss of orders: verification.stores=warn');
  process.exit(1);
}
