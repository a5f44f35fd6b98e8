import type { OutboxState } from '@standing-order/outbox';
import type { Readiness } from '@standing-order/service-kit/http';

/**
 * A replica is ready when it can store an order, or report exactly why not: its sidecar responds, and its writer is
 * registered. A state store that goes down later does not change the readiness (docs/adr/0008).
 */
export function readinessOf(sidecar: Readiness, outbox: OutboxState): Readiness {
  const reasons = [
    ...sidecar.reasons,
    ...(outbox.ready ? [] : [`the outbox is not ready: ${outbox.reason ?? 'starting'}`]),
  ];
  return { ready: reasons.length === 0, reasons };
}
