/** Runs a platform of stand-ins until it is killed. Prints its processes as JSON when it is ready. */
import { startPlatform } from '../../src/platform.ts';
import { standIn } from './harness.ts';

const [dataDir = '', portBase, store] = process.argv.slice(2);
const main = { order: standIn, consumer: standIn, restaurant: standIn };
const platform = await startPlatform({
  dataDir,
  portBase: Number(portBase),
  store: store === 'postgresql' ? store : 'redis',
  main,
});
console.log(JSON.stringify(platform.processes()));
