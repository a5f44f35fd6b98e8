/** A purchase as POST /purchases of the shop expects it. The same id is the same purchase. */
export interface Purchase {
  readonly id: string;
  readonly order: object;
}

interface PlaceOptions {
  /** Ends the wait for the outcome. */
  readonly signal: AbortSignal;
  /** Called when a request has timed out, before it is repeated. */
  onPending(): void;
  /** Default 60 s, because fetch itself times out after five minutes. */
  readonly requestTimeoutMs?: number;
  /** Maximum wait for the outcome. Default 10 minutes. */
  readonly withinMs?: number;
}

const REQUEST_TIMEOUT_MS = 60_000;
const OUTCOME_WITHIN_MS = 600_000;

/** Places an order at the shop, repeats the request until its outcome arrives, and returns the outcome. Rejects when `signal` is aborted. */
export async function placeOrder(
  shopUrl: string,
  purchase: Purchase,
  { signal, onPending, requestTimeoutMs = REQUEST_TIMEOUT_MS, withinMs = OUTCOME_WITHIN_MS }: PlaceOptions,
): Promise<unknown> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const timeout = AbortSignal.timeout(requestTimeoutMs);
    try {
      const response = await fetch(`${shopUrl}/purchases`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(purchase),
        signal: AbortSignal.any([signal, timeout]),
      });
      if (response.ok) return await response.json();
      throw new Error(`the shop responded ${response.status}: ${await response.text()}`);
    } catch (error) {
      if (signal.aborted || !timeout.aborted || Date.now() > deadline) throw error;
      onPending();
    }
  }
}
