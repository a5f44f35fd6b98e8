/** Runs a platform of stand-ins until it is killed. Prints its processes as JSON when it is ready. */
import { startPlatform } from '../../src/platform.ts';
import { STAND_IN } from './harness.ts';

const [dataDir = '', portBase, store] = process.argv.slice(2);
const main = { order: STAND_IN, consumer: STAND_IN, restaurant: STAND_IN };
const platform = await startPlatform({
  dataDir,
  portBase: Number(portBase),
  store: store === 'postgresql' ? store : 'redis',
  main,
});
console.log(JSON.stringify(platform.processes()));
