/** A stretch of a run with one arrival rate; its name tags every sample that begins in it. */
export interface Phase {
  readonly name: string;
  /** Seconds after the start of the load. */
  readonly from: number;
  readonly seconds: number;
  /** Requests per second. */
  readonly rate: number;
  /** What part of the offered requests must be acknowledged, 0 to 1. */
  readonly goal: number;
}

/** The requests that a phase offers by its schedule. */
export const scheduled = ({ rate, seconds }: Phase): number => Math.floor(rate * seconds);

/** The thresholds of k6 on the samples of a phase. With the count of what is acknowledged, all that is missing counts. */
export function thresholdsOf(phases: readonly Phase[]): Record<string, string[]> {
  const thresholds: Record<string, string[]> = {};
  for (const phase of phases) {
    // Not the tag phase, which k6 does not put on what it drops.
    const tag = `{scenario:${phase.name}}`;
    const none = phase.goal === 1 ? 'count==0' : 'count>=0';
    // A run that offered nothing has acknowledged nothing.
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

const MADE_BEFORE = 300;
/** For a machine that is so busy that also a timeout comes late. */
const GRACE_SECONDS = 20;

/** The executors of k6, one for each phase. `timeoutMs`: after which a request gives up; `maxVUs`: requests under way at once. */
export function executorsOf(phases: readonly Phase[], timeoutMs: number, maxVUs: number) {
  return Object.fromEntries(
    phases.map(({ name, from, seconds, rate }) => {
      // As many as are under way when nothing is answered before the timeout; what is more than the bound is dropped.
      const most = Math.min(maxVUs, Math.ceil((rate * timeoutMs) / 1_000) + 10);
      const executor = {
        executor: 'constant-arrival-rate',
        startTime: `${from}s`,
        duration: `${seconds}s`,
        rate,
        timeUnit: '1s',
        // A user that is made while requests come costs the ones that it is made for.
        preAllocatedVUs: Math.min(MADE_BEFORE, most),
        maxVUs: most,
        gracefulStop: `${Math.ceil(timeoutMs / 1_000) + GRACE_SECONDS}s`,
        tags: { phase: name },
      };
      return [name, executor];
    }),
  );
}
