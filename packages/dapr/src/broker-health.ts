import type { Sidecar } from './types.ts';

/** What this process can see of its broker. An empty list of faults does not prove that messages arrive. */
export interface BrokerHealth {
  /** The sidecar; it also records which topics refuse messages. */
  readonly sidecar: Sidecar;
  /** Checks whether the sidecar has loaded the component. Sends no request once it has. */
  check(): Promise<void>;
  /** Each fault as a sentence for an operator. */
  faults(): readonly string[];
}

/** Follows the pub/sub component of this name. */
export function createBrokerHealth(sidecar: Sidecar, pubsub: string): BrokerHealth {
  let isLoaded: boolean | undefined;
  /** Topics whose last messages were all refused. */
  const refusing = new Set<string>();
  return {
    sidecar: {
      ...sidecar,
      async publish(component, topic, messages) {
        const accepted = await sidecar.publish(component, topic, messages);
        if (accepted.includes(true)) refusing.delete(topic);
        else if (accepted.length > 0) refusing.add(topic);
        return accepted;
      },
    },
    async check() {
      if (isLoaded) return;
      isLoaded = (await sidecar.components()).some(({ name }) => name === pubsub);
    },
    faults() {
      if (isLoaded === undefined) return [];
      const advice = "the log of the sidecar (container daprd) has the broker's reason";
      if (!isLoaded)
        return [`the sidecar has not loaded the component ${pubsub}, so no message is sent or received: ${advice}`];
      return [...refusing].toSorted().map((topic) => `the broker refuses messages on the topic ${topic}: ${advice}`);
    },
  };
}
