/** A part of a run with one arrival rate; its name tags every sample that starts in it. */
export interface Phase {
  readonly name: string;
  /** Seconds after the start of the load. */
  readonly from: number;
  readonly seconds: number;
  /** Requests per second. */
  readonly rate: number;
  /** Share of the offered requests that must be acknowledged, 0 to 1. */
  readonly goal: number;
}

/** Number of requests in the schedule of a phase. */
export const scheduled = ({ rate, seconds }: Phase): number => Math.floor(rate * seconds);

/** Thresholds of k6 for each phase. The count of acknowledged orders is one of them, so every missing order counts. */
export function thresholdsOf(phases: readonly Phase[]): Record<string, string[]> {
  const thresholds: Record<string, string[]> = {};
  for (const phase of phases) {
    // k6 does not add the tag `phase` to dropped iterations.
    const tag = `{scenario:${phase.name}}`;
    const none = phase.goal === 1 ? 'count==0' : 'count>=0';
    // At least 1, so that a phase without requests fails its goal.
    thresholds[`orders_ok${tag}`] = [
      `count>=${Math.max(phase.goal === 0 ? 0 : 1, Math.ceil(phase.goal * scheduled(phase)))}`,
    ];
    thresholds[`orders_fail${tag}`] = [none];
    thresholds[`orders_unknown${tag}`] = [none];
    thresholds[`dropped_iterations${tag}`] = [none];
    thresholds[`order_duration${tag}`] = ['max>=0'];
  }
  thresholds.orders_ok = ['count>0'];
  return thresholds;
}

const PRE_ALLOCATED_VUS = 300;
/** For a machine that is so busy that timeouts are late. */
const GRACE_SECONDS = 20;

/** The executors of k6, one for each phase. `timeoutMs`: timeout of a request; `maxVUs`: requests in flight at once. */
export function executorsOf(phases: readonly Phase[], timeoutMs: number, maxVUs: number) {
  return Object.fromEntries(
    phases.map(({ name, from, seconds, rate }) => {
      // The requests in flight if no response arrives before the timeout. Requests beyond the bound are dropped.
      const vus = Math.min(maxVUs, Math.ceil((rate * timeoutMs) / 1_000) + 10);
      const executor = {
        executor: 'constant-arrival-rate',
        startTime: `${from}s`,
        duration: `${seconds}s`,
        rate,
        timeUnit: '1s',
        // A virtual user that is allocated during the load delays the requests that it is allocated for.
        preAllocatedVUs: Math.min(PRE_ALLOCATED_VUS, vus),
        maxVUs: vus,
        gracefulStop: `${Math.ceil(timeoutMs / 1_000) + GRACE_SECONDS}s`,
        tags: { phase: name },
      };
      return [name, executor];
    }),
  );
}
