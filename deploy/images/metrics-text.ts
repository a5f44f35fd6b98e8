import type { FillLevel } from './fill-level.ts';

/** The fill levels of a store by its name. Undefined for a store that could not be read. */
export type Readings = ReadonlyMap<string, readonly FillLevel[] | undefined>;

/**
 * The gauges in Prometheus' text format. OpenTelemetry's gauges are not used: by default they keep the last value of a series
 * that is no longer observed, so that a store that cannot be read would keep its fill level.
 */
export function metricsText(readings: Readings): string {
  const readable: string[] = [];
  const used: string[] = [];
  const limit: string[] = [];
  for (const [store, levels] of readings) {
    readable.push(`store_readable{store="${store}"} ${levels === undefined ? 0 : 1}`);
    for (const { resource, usedBytes, limitBytes } of levels ?? []) {
      const labels = `{store="${store}",resource="${resource}"}`;
      used.push(`store_used_bytes${labels} ${usedBytes}`);
      if (limitBytes !== undefined) limit.push(`store_limit_bytes${labels} ${limitBytes}`);
    }
  }
  return [
    ...gauge('store_readable', '1 if the fill level of the store could be read, else 0', readable),
    ...gauge('store_used_bytes', 'Used bytes of the memory or the volume of the store', used),
    ...gauge('store_limit_bytes', 'Size of the memory or the volume of the store; absent without a limit', limit),
  ].join('');
}

const gauge = (name: string, help: string, samples: readonly string[]): string[] =>
  [`# HELP ${name} ${help}`, `# TYPE ${name} gauge`, ...samples].map((line) => `${line}\n`);
