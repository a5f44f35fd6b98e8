/** The settings of a store that were read, by name. */
export interface StoreSettings {
  readonly values: Readonly<Record<string, string>>;
  /** Settings with which orders can be lost. */
  readonly faults: readonly string[];
  /** Settings that could not be read, and settings that are wrong in some installations only. */
  readonly warnings: readonly string[];
}

/** A part of the values that may be an external store. */
export type Part = 'stateStore' | 'broker';

/** Reads a setting of the component of a part, by the end of its variable's name; undefined without it. */
export type Variable = (name: string) => string | undefined;

/** The limits of a connection. */
export interface ConnectionLimits {
  /** Maximum duration of the connection's setup, and of each command, in milliseconds. */
  readonly timeoutMs: number;
  /** Closes the connection. */
  readonly signal?: AbortSignal;
}

/** The reason why a store could not be read. Several addresses have a reason each. */
export const reasonOf = (error: unknown): string =>
  error instanceof AggregateError ? error.errors.map(String).join(', ') : String(error);
