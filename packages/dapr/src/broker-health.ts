import type { Clock } from '@standing-order/service-kit/runtime';
import type { Sidecar } from './types.ts';

/** The faults of the broker that this process can detect. An empty list of faults does not prove that messages arrive. */
export interface BrokerHealth {
  /** The sidecar; it also records which topics refuse messages. */
  readonly sidecar: Sidecar;
  /** Checks whether the sidecar has loaded the component. Sends no request once it has, while no topic refuses messages. */
  check(): Promise<void>;
  /** The sidecar did not answer: a restarted one may have loaded other components. */
  sidecarLost(): void;
  /** Each fault as a sentence for an operator. */
  faults(): readonly string[];
}

/** Every message whose loss matters is sent again sooner, so an older refusal is of a message that is not. */
const REFUSAL_COUNTS_MS = 60_000;

/** Follows the pub/sub component of this name. */
export function createBrokerHealth(sidecar: Sidecar, pubsub: string, clock: Clock): BrokerHealth {
  let isLoaded: boolean | undefined;
  /** Topics whose last messages were all refused, with the time of the last refusal. */
  const refusals = new Map<string, number>();
  const refusing = () => {
    for (const [topic, at] of refusals) if (clock.monotonic() - at > REFUSAL_COUNTS_MS) refusals.delete(topic);
    return [...refusals.keys()].toSorted();
  };
  return {
    sidecar: {
      ...sidecar,
      async publish(component, topic, messages) {
        const accepted = await sidecar.publish(component, topic, messages);
        if (accepted.includes(true)) refusals.delete(topic);
        else if (accepted.length > 0) refusals.set(topic, clock.monotonic());
        return accepted;
      },
    },
    async check() {
      if (isLoaded && refusing().length === 0) return;
      isLoaded = (await sidecar.components()).some(({ name }) => name === pubsub);
    },
    sidecarLost() {
      isLoaded = undefined;
    },
    faults() {
      if (isLoaded === undefined) return [];
      const advice = "the log of the sidecar (container daprd) has the broker's reason";
      if (!isLoaded)
        return [`the sidecar has not loaded the component ${pubsub}, so no message is sent or received: ${advice}`];
      return refusing().map((topic) => `the broker refuses messages on the topic ${topic}: ${advice}`);
    },
  };
}
