import type { RunResult } from '../runs/result.ts';

const distinctOf = (values: readonly string[]): string[] => [...new Set(values)].toSorted();

/** A result of an older lab has no notification service. */
const platformOf = ({ cluster, notification }: RunResult): string =>
  cluster === undefined
    ? `two replicas of the order service, one of each other service${notification === undefined ? ' but notification' : ''}, in processes of one machine with the load generator`
    : `a release of the chart on ${cluster}, with the load generator in a pod`;

/** The machines that ran the results. A result of an older lab has none. */
function machinesOf(results: readonly RunResult[]): string {
  const machines = results.flatMap(({ machine }) => machine ?? []);
  if (machines.length === 0) return 'not recorded';
  const unknown = results.length - machines.length;
  const without = unknown === 0 ? [] : [`not recorded for ${unknown} of ${results.length} runs`];
  return [...distinctOf(machines), ...without].join('; ');
}

/** What a reader needs to judge and repeat the measurement. */
export function conditionsOf(results: readonly RunResult[]): string[] {
  const distinct = (values: readonly string[]) => distinctOf(values).join('; ');
  const times = results.map(({ startedAt }) => startedAt).toSorted();
  return [
    `Load: ${distinct(results.map(({ plan }) => `${plan.rate} orders/s of each style`))}.`,
    `Phases (before, during, after): ${distinct(results.map(({ plan }) => `${plan.before}, ${plan.during}, ${plan.after} s`))}.`,
    ...distinctOf(results.map(platformOf)).map((platform) => `Platform: ${platform}.`),
    `Machine: ${machinesOf(results)}.`,
    `Version: ${distinct(results.map(({ commit }) => commit))}. Runs from ${times[0]} to ${times.at(-1)}.`,
  ];
}
