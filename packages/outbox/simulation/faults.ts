import type { SimBroker } from './broker.ts';
import type { Fault } from './chaos.ts';
import type { Cluster } from './cluster.ts';
import type { Flow } from './flow.ts';
import { fairWeather, type Weather } from './weather.ts';
import type { World } from './world.ts';

export interface Scene {
  readonly world: World;
  readonly weather: Weather;
  readonly broker: SimBroker;
  readonly cluster: Cluster;
  readonly flow: Flow;
  /** Nothing breaks any more from then on. */
  readonly healsAt: number;
}

/** Lets a fault happen at its time, and end. */
export function enact(scene: Scene, fault: Fault): void {
  scene.world.schedule(fault.at, () => {
    const { at, kind, ...detail } = fault;
    scene.world.trace('fault', kind, JSON.stringify(detail));
    happen(scene, fault);
  });
}

function happen(scene: Scene, fault: Fault): void {
  const { world, weather, broker, cluster, flow, healsAt } = scene;
  switch (fault.kind) {
    case 'kill':
    case 'leave':
      if (fault.kind === 'kill') cluster.kill(fault.slot);
      else cluster.leave(fault.slot);
      world.schedule(fault.backAfter, () => cluster.start(fault.slot));
      break;
    case 'pause': {
      const process = cluster.replicas.get(fault.slot)?.process;
      if (!process?.alive || process.paused) return;
      process.pause(fault.ms, fault.clockRuns);
      cluster.sleep(process, fault.ms);
      break;
    }
    case 'jump':
      cluster.replicas.get(fault.slot)?.process.jumpWall(fault.ms);
      break;
    case 'wipe':
      broker.wipe();
      break;
    case 'validator': {
      const validator = weather.validators.get(fault.channel);
      if (validator === undefined) return;
      Object.assign(validator, fault.change);
      until(scene, fault.ms, () => Object.assign(validator, fairWeather().validators.get(fault.channel)));
      break;
    }
    case 'weather': {
      const ends = Math.min(world.now + fault.ms, healsAt);
      Object.assign(weather, fault.change, { thawsAt: ends });
      flow.trouble(ends);
      const fair = fairWeather();
      const back = Object.fromEntries(Object.keys(fault.change).map((key) => [key, fair[key as keyof Weather]]));
      until(scene, fault.ms, () => Object.assign(weather, back));
      break;
    }
  }
}

function until({ world, broker, healsAt }: Scene, ms: number, end: () => void): void {
  world.schedule(Math.min(ms, healsAt - world.now), () => {
    end();
    broker.release();
  });
}
