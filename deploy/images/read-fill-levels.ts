import { logger } from '@standing-order/service-kit/telemetry';
import type { FillLevel } from './fill-level.ts';
import { readKafkaFillLevels } from './kafka-fill-level.ts';
import { readPostgresqlFillLevels } from './postgresql-fill-level.ts';
import { readRedisFillLevels } from './redis-fill-level.ts';
import type { MeasuredStore, StoreKind } from './store-metrics-config.ts';
import { type ConnectionLimits, reasonOf, type Variable } from './store-settings.ts';

/** Below the 10 s in which Prometheus expects the response of a scrape. */
const READ_WITHIN_MS = 5_000;

type ReadFillLevels = (variable: Variable, limits: ConnectionLimits) => Promise<readonly FillLevel[]>;

const READERS: Readonly<Record<StoreKind, ReadFillLevels>> = {
  redis: readRedisFillLevels,
  postgresql: readPostgresqlFillLevels,
  kafka: readKafkaFillLevels,
};

/** The reason of the last failure of each store, so that an outage is logged once and not at every scrape. */
const failures = new Map<string, string>();

/** The fill levels of a store, over a connection of its own. Undefined for a store that cannot be read, with a line in the log. */
export async function readFillLevels({
  name,
  kind,
  variable,
}: MeasuredStore): Promise<readonly FillLevel[] | undefined> {
  try {
    const levels = await readInTime(READERS[kind], variable);
    if (failures.delete(name)) logger.info({ store: name }, 'the fill level of the store is read again');
    return levels;
  } catch (error) {
    const reason = reasonOf(error);
    if (failures.get(name) !== reason)
      logger.warn({ store: name, reason }, 'the fill level of the store cannot be read');
    failures.set(name, reason);
    return undefined;
  }
}

/** Gives up, and closes the connection, when the store does not answer in time. */
async function readInTime(read: ReadFillLevels, variable: Variable): Promise<readonly FillLevel[]> {
  const signal = AbortSignal.timeout(READ_WITHIN_MS);
  const timeout = Promise.withResolvers<never>();
  signal.addEventListener('abort', () => timeout.reject(new Error(`no response within ${READ_WITHIN_MS / 1_000} s`)));
  return Promise.race([read(variable, { timeoutMs: READ_WITHIN_MS, signal }), timeout.promise]);
}
