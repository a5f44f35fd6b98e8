import { randomBytes } from 'node:crypto';
import { expect, vi } from 'vitest';
import type { Collector, Span } from './otlp.ts';
import { conventionFaults, isDelivery, linesBelow, linesOf, type Tree } from './tree.ts';

const COMPLETE_WITHIN_MS = 60_000;

/** A trace that starts at a client. */
export interface ClientTrace {
  /** Of the client's request. */
  readonly headers: Readonly<Record<string, string>>;
  /** The spans so far. */
  spans(): readonly Span[];
  /** The processes that published on a topic, once per message. */
  senders(topic: string): string[];
  /**
   * Waits until the trace is exactly this tree. `compareAgain` compares it once more. If messages may have been in batch messages,
   * the deliveries of sidecars are not compared.
   */
  is(tree: () => Tree, options?: { readonly batches?: boolean }): Promise<void>;
}

/** The traces that a collector receives. */
export class ClientTraces {
  readonly #collector: () => Collector;
  readonly #comparisons: (() => void)[] = [];

  constructor(collector: () => Collector) {
    this.#collector = collector;
  }

  /** The spans of all traces. */
  get spans(): readonly Span[] {
    return this.#collector().spans;
  }

  /** Compares each trace with its tree again. Returns the number of comparisons. */
  compareAgain(): number {
    for (const compare of this.#comparisons) compare();
    return this.#comparisons.length;
  }

  start(): ClientTrace {
    const [traceId, client] = [randomBytes(16).toString('hex'), randomBytes(8).toString('hex')];
    const spans = () => this.spans.filter((span) => span.traceId === traceId);
    return {
      headers: { traceparent: `00-${traceId}-${client}-01` },
      spans,
      senders: (topic) =>
        spans()
          .filter(({ name }) => name === `send ${topic}`)
          .map(({ instance }) => instance),
      is: async (tree, { batches = false } = {}) => {
        const isCompared = (text: string) => !(batches && isDelivery(text));
        const compare = () => {
          const expected = linesOf(tree()).filter(isCompared);
          expect(linesBelow(client, spans()).filter(isCompared)).toEqual(expected);
          expect(spans().filter(({ service, name }) => isCompared(`${service}: ${name}`))).toHaveLength(
            expected.length,
          );
        };
        this.#comparisons.push(compare);
        await vi.waitFor(compare, { timeout: COMPLETE_WITHIN_MS, interval: 100 });
        expect(spans().flatMap(conventionFaults)).toEqual([]);
      },
    };
  }
}
