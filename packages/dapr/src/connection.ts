import type { Readiness } from '@standing-order/service-kit/http';
import type { Clock } from '@standing-order/service-kit/runtime';
import { logger, meter } from '@standing-order/service-kit/telemetry';
import type { BrokerHealth } from './broker-health.ts';
import { type Sidecar, SidecarError, type StateStore, UnsupportedComponentError } from './types.ts';

/** The parts of a connection. */
export interface ConnectionOptions {
  readonly sidecar: Sidecar;
  /** Name of the state store component. */
  readonly storeName: string;
  readonly broker: Pick<BrokerHealth, 'check' | 'sidecarLost' | 'faults'>;
  readonly clock: Clock;
}

/** A service's sidecar and state store for the life of the process. Services and sidecars start, stop and fail in any order. */
export interface Connection {
  /** The state store. Until `open` has resolved, it behaves as one that is down. */
  readonly store: StateStore;
  /**
   * Waits, without a limit, for the sidecar and a supported state store, and checks the sidecar periodically from then on. It
   * also waits for a component that is missing, since a sidecar loads a component again that failed. Rejects when aborted.
   */
  open(signal: AbortSignal): Promise<void>;
  /**
   * Whether the sidecar answered the last check, at most a few seconds ago, and the reason if not. Faults of the broker are
   * reasons, too, but do not change the readiness (ADR 0008).
   */
  readiness(): Readiness;
  close(): Promise<void>;
}

const OPEN_EVERY_MS = 500;
const CHECK_EVERY_MS = 3_000;
const CHECK_DEADLINE_MS = 2_000;

/** A connection that sends no request before `open`. */
export function createConnection({ sidecar, storeName, broker, clock }: ConnectionOptions): Connection {
  let found: StateStore | undefined;
  let fault: string | undefined = 'the sidecar has not answered yet';
  let cancelCheck = () => {};
  let closed = false;
  meter
    .createObservableGauge('broker.faults', {
      description: 'Faults of the broker that this replica has detected; /readyz has the reasons',
    })
    .addCallback((result) => result.observe(broker.faults().length));

  async function checkSidecar(): Promise<void> {
    const before = fault;
    try {
      await sidecar.waitReady(CHECK_DEADLINE_MS);
      // Before the store: a missing store must not hide a missing broker.
      await broker.check();
      found ??= await sidecar.store(storeName);
      fault = undefined;
    } catch (error) {
      if (!(error instanceof SidecarError || error instanceof UnsupportedComponentError)) throw error;
      if (error instanceof SidecarError) broker.sidecarLost();
      fault = error.message;
    }
    if (fault === before) return;
    if (fault === undefined) logger.info('sidecar ready');
    else logger.warn({ fault }, 'sidecar not ready');
  }

  function scheduleCheck(): void {
    if (closed) return;
    cancelCheck = clock.setTimer(CHECK_EVERY_MS, () => {
      checkSidecar()
        .catch((error: unknown) => logger.error(error, 'checking the sidecar failed'))
        .finally(scheduleCheck);
    });
  }

  return {
    store: lateStore(() => found),

    async open(signal) {
      await checkSidecar();
      while (!found) {
        signal.throwIfAborted();
        await new Promise<void>((resolve) => clock.setTimer(OPEN_EVERY_MS, resolve));
        await checkSidecar();
      }
      scheduleCheck();
    },

    readiness: () => ({
      ready: fault === undefined,
      reasons: [...(fault === undefined ? [] : [fault]), ...broker.faults()],
    }),

    async close() {
      closed = true;
      cancelCheck();
      await sidecar.close();
    },
  };
}

/** A store whose reads reject, and whose writes are `unknown`, until it is found. */
function lateStore(found: () => StateStore | undefined): StateStore {
  const rejectRead = () => Promise.reject(new SidecarError('not connected to the state store yet'));
  return {
    transact: async (operations) => found()?.transact(operations) ?? 'unknown',
    write: async (items) => found()?.write(items) ?? 'unknown',
    read: (keys) => found()?.read(keys) ?? rejectRead(),
    etagAfter: (etag) => found()?.etagAfter(etag),
    get: (key) => found()?.get(key) ?? rejectRead(),
    insert: async (key, value, expiresInSeconds) => found()?.insert(key, value, expiresInSeconds) ?? 'unknown',
    update: async (key, value, etag) => found()?.update(key, value, etag) ?? 'unknown',
    remove: async (key) => found()?.remove(key) ?? 'unknown',
  };
}
