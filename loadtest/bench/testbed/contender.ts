import type { Resource } from '@standing-order/local';

/** One implementation of the order service, and its differences in setup. */
export interface Contender {
  /** Short name, for tables and --only. */
  readonly name: string;
  /** One line for the report. */
  readonly description: string;
  /** Main module of the order service; default: the one of the platform. */
  readonly main?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Changes the resources of the platform. */
  readonly resources?: (resources: readonly Resource[]) => readonly Resource[];
  /** Its additional topics. */
  readonly topics?: readonly string[];
  /** Replicas of the order, consumer and restaurant services, each with its sidecar; default 1. */
  readonly replicas?: number;
  /** Uses Redis directly and has no sidecar. */
  readonly withoutSidecar?: boolean;
  /** Stores orders but never decides them: compared at intake only. */
  readonly intakeOnly?: boolean;
  /** Acknowledges orders only while consumer and restaurant are up: compared end to end only. */
  readonly needsValidators?: boolean;
  /** Receives orders as messages and replies with messages. */
  readonly byMessage?: boolean;
  /** Its messages are on Kafka; default: on the Redis that has its state. */
  readonly broker?: 'kafka';
  /** Acknowledges orders without storing them. */
  readonly storesNothing?: boolean;
}
