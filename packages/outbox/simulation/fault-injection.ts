import type { SimBroker } from './broker.ts';
import type { Cluster } from './cluster.ts';
import { type FaultRates, noFaults } from './fault-rates.ts';
import type { FlowChecker } from './flow-checker.ts';
import type { Fault } from './random-faults.ts';
import type { Simulator } from './simulator.ts';

/** The objects that faults act on. */
export interface FaultTargets {
  readonly simulator: Simulator;
  readonly rates: FaultRates;
  readonly broker: SimBroker;
  readonly cluster: Cluster;
  readonly flow: FlowChecker;
  /** No fault is active after this time. */
  readonly healsAt: number;
}

/** Schedules a fault and its end. */
export function inject(targets: FaultTargets, fault: Fault): void {
  targets.simulator.schedule(fault.at, () => {
    const { at, kind, ...detail } = fault;
    targets.simulator.trace('fault', kind, JSON.stringify(detail));
    apply(targets, fault);
  });
}

function apply(targets: FaultTargets, fault: Fault): void {
  const { simulator, rates, broker, cluster, flow, healsAt } = targets;
  switch (fault.kind) {
    case 'kill':
    case 'leave':
      if (fault.kind === 'kill') cluster.kill(fault.slot);
      else cluster.leave(fault.slot);
      simulator.schedule(fault.backAfter, () => cluster.start(fault.slot));
      break;
    case 'pause': {
      const process = cluster.replicas.get(fault.slot)?.process;
      if (!process?.alive || process.paused) return;
      process.pause(fault.ms, fault.clockRuns);
      cluster.pauseOthers(process, fault.ms);
      break;
    }
    case 'jump':
      cluster.replicas.get(fault.slot)?.process.jumpWall(fault.ms);
      break;
    case 'wipe':
      broker.wipe();
      break;
    case 'validator': {
      const validator = rates.validators.get(fault.channel);
      if (validator === undefined) return;
      Object.assign(validator, fault.change);
      until(targets, fault.ms, () => Object.assign(validator, noFaults().validators.get(fault.channel)));
      break;
    }
    case 'rates': {
      const ends = Math.min(simulator.now + fault.ms, healsAt);
      Object.assign(rates, fault.change, { resumesAt: ends });
      flow.addTrouble(ends);
      const fair = noFaults();
      const former = Object.fromEntries(Object.keys(fault.change).map((key) => [key, fair[key as keyof FaultRates]]));
      until(targets, fault.ms, () => Object.assign(rates, former));
      break;
    }
  }
}

function until({ simulator, broker, healsAt }: FaultTargets, ms: number, end: () => void): void {
  simulator.schedule(Math.min(ms, healsAt - simulator.now), () => {
    end();
    broker.release();
  });
}
