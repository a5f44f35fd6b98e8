import type { Testbed } from '../testbed/testbed.ts';
import { type Action, type Fault, isClusterAction } from '../timetable/schema.ts';
import type { Applied, Injector } from './injector.ts';
import { createLinkFaults } from './link-faults.ts';
import { createProcessFaults } from './process-faults.ts';

/** Whether local processes can have a fault. */
export const isLocalFault = ({ actions }: Pick<Fault, 'actions'>): boolean => !actions.some(isClusterAction);

/** Injects faults into local processes, and into the connections between them. */
export function createLocalInjector(testbed: Testbed, signal: AbortSignal): Injector {
  const processes = createProcessFaults(testbed, signal);
  const links = createLinkFaults(testbed, signal);
  return {
    apply(action: Action): Promise<Applied> {
      switch (action.do) {
        case 'kill':
          return processes.kill(action.targets);
        case 'wipe':
          return processes.wipe(action.targets);
        case 'pause':
          return processes.pause(action.targets);
        case 'delay':
          return links.delay(action.link, action.ms);
        case 'cut':
          return links.cut(action.link);
        case 'fail':
          return links.fail(action.share);
        default:
          return Promise.reject(new Error(`"${action.do}" needs a cluster`));
      }
    },
  };
}
