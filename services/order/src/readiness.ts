import type { OutboxState } from '@standing-order/outbox';
import type { Readiness } from '@standing-order/service-kit/http';

/**
 * Ready is whoever can take an order, or say honestly why not: the sidecar answers, and the outbox has a writer that others
 * know of. A store that goes down later changes nothing here (docs/adr/0008).
 */
export function readinessOf(sidecar: Readiness, outbox: OutboxState): Readiness {
  const reasons = [
    ...sidecar.reasons,
    ...(outbox.ready ? [] : [`the outbox is not ready: ${outbox.reason ?? 'starting'}`]),
  ];
  return { ready: reasons.length === 0, reasons };
}
