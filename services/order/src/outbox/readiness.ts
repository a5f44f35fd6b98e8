import type { OutboxState } from '@standing-order/outbox';
import type { Readiness } from '@standing-order/service-kit/http';

/**
 * A replica is ready when it can store an order, or report exactly why not: its sidecar responds, and its writer is
 * registered. A state store that goes down, or refuses writes, later does not change the readiness (ADR 0008). A store
 * that refuses writes is reported as a reason nevertheless.
 */
export function readinessOf(sidecar: Readiness, outbox: OutboxState): Readiness {
  const starting = outbox.ready ? [] : [`the outbox is not ready: ${outbox.reason ?? 'starting'}`];
  const refusing = outbox.refusesWrites ? ['the state store accepts no writes: new orders are answered 503'] : [];
  return { ready: sidecar.ready && outbox.ready, reasons: [...sidecar.reasons, ...starting, ...refusing] };
}
