import type { Readiness } from '@standing-order/service-kit/http';
import type { Clock } from '@standing-order/service-kit/runtime';
import { logger } from '@standing-order/service-kit/telemetry';
import { type Sidecar, SidecarError, type StateStore, UnsupportedComponentError } from './types.ts';

export interface ConnectionOptions {
  readonly sidecar: Sidecar;
  /** Name of the state store component. */
  readonly storeName: string;
  readonly clock: Clock;
}

/** A service's sidecar and state store over its whole life: services and sidecars start, stop and fail in any order. */
export interface Connection {
  /** The state store. Until `open` has resolved it behaves as one that is down. */
  readonly store: StateStore;
  /**
   * Waits for the sidecar and a store that fits, as long as it takes, and keeps looking at the sidecar. A component that is
   * not there may come yet: a sidecar tries those again that failed to start. Rejects when aborted.
   */
  open(signal: AbortSignal): Promise<void>;
  /** Whether the sidecar answered when it was last looked at, a few seconds ago, and why it is of no use if it did not. */
  readiness(): Readiness;
  close(): Promise<void>;
}

const OPEN_EVERY_MS = 500;
const LOOK_EVERY_MS = 3_000;
const LOOK_DEADLINE_MS = 2_000;

/** Asks for nothing yet: `open` does. */
export function createConnection({ sidecar, storeName, clock }: ConnectionOptions): Connection {
  let found: StateStore | undefined;
  let fault: string | undefined = 'the sidecar has not answered yet';
  let cancelLook = () => {};
  let closed = false;

  async function look(): Promise<void> {
    const before = fault;
    try {
      await sidecar.waitReady(LOOK_DEADLINE_MS);
      found ??= await sidecar.store(storeName);
      fault = undefined;
    } catch (error) {
      if (!(error instanceof SidecarError || error instanceof UnsupportedComponentError)) throw error;
      fault = error.message;
    }
    if (fault === before) return;
    if (fault === undefined) logger.info('the sidecar is ready');
    else logger.warn({ fault }, 'the sidecar is not ready');
  }

  function keepLooking(): void {
    if (closed) return;
    cancelLook = clock.setTimer(LOOK_EVERY_MS, () => {
      look()
        .catch((error: unknown) => logger.error(error, 'looking at the sidecar failed'))
        .finally(keepLooking);
    });
  }

  return {
    store: lateStore(() => found),

    async open(signal) {
      await look();
      while (!found) {
        signal.throwIfAborted();
        await new Promise<void>((resolve) => clock.setTimer(OPEN_EVERY_MS, resolve));
        await look();
      }
      keepLooking();
    },

    readiness: () => (fault === undefined ? { ready: true, reasons: [] } : { ready: false, reasons: [fault] }),

    async close() {
      closed = true;
      cancelLook();
      await sidecar.close();
    },
  };
}

function lateStore(found: () => StateStore | undefined): StateStore {
  const none = () => Promise.reject(new SidecarError('the state store is not known yet'));
  return {
    transact: async (operations) => found()?.transact(operations) ?? 'unknown',
    write: async (items) => found()?.write(items) ?? 'unknown',
    read: (keys) => found()?.read(keys) ?? none(),
    etagAfter: (etag) => found()?.etagAfter(etag),
    get: (key) => found()?.get(key) ?? none(),
    insert: async (key, value) => found()?.insert(key, value) ?? 'unknown',
    update: async (key, value, etag) => found()?.update(key, value, etag) ?? 'unknown',
    remove: async (key) => found()?.remove(key) ?? 'unknown',
  };
}
