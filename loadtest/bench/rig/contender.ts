import type { Resource } from '@standing-order/local';

/** One way to build the order service, and what has to be set up differently for it. */
export interface Contender {
  /** Short, for tables and --only. */
  readonly name: string;
  /** One line for the report. */
  readonly what: string;
  /** Main module of the order service, when it is not the platform's own. */
  readonly main?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Changes the platform's resources. */
  readonly resources?: (resources: readonly Resource[]) => readonly Resource[];
  /** Topics that only it has. */
  readonly topics?: readonly string[];
  /** Reaches Redis by itself; there is no sidecar beside it. */
  readonly withoutSidecar?: boolean;
  /** Takes orders but never settles them: it is compared in acceptance only. */
  readonly acceptsOnly?: boolean;
  /** Takes orders only while consumer and restaurant are up: it is compared on the whole way only. */
  readonly needsValidators?: boolean;
  /** Is asked for orders by message, and answers so. */
  readonly byMessage?: boolean;
  /** Answers without storing anything. */
  readonly storesNothing?: boolean;
}
