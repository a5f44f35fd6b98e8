/**
 * The faults that are active now. Probabilities are per call or per message. The fault schedule changes this object.
 */
export interface FaultRates {
  store: 'up' | 'down' | 'paused' | 'full';
  /** When a paused store resumes. */
  resumesAt: number;
  /** Maximum latency between a process and the store, in milliseconds. */
  storeLatency: number;
  requestLost: number;
  resultLost: number;
  /** As `requestLost`, for compare-and-set writes only: new orders are stored, heartbeats and replies are not. */
  writeLost: number;
  /** A write is applied this long after its error was returned. */
  late: number;
  /** As `late`, for transactions only, because a late heartbeat would make the other writers scan again. */
  lateTransactions: number;
  lateFrom: number;
  lateUpTo: number;
  /** Each operation of a transaction, or item of a write, fails independently. */
  partial: number;
  /** A process whose write was applied in part is killed at that moment. */
  killRate: number;
  /** A write is applied a second time, up to `lateUpTo` later. */
  repeated: number;
  readFails: number;
  /** The items of one bulk call are read or written at different times. */
  torn: number;

  broker: 'up' | 'down';
  dropped: number;
  doubled: number;
  delayed: number;
  delayUpTo: number;
  /** Probability that a replica of the version before receives a reply message: with several replies, it becomes a dead letter. */
  oldVersion: number;
  /**
   * By channel. `down`: messages wait. `losing`: messages are lost, as when an application is down behind a running
   * sidecar.
   */
  readonly validators: Map<string, ValidatorFaults>;
}

/** The faults of one validator. */
export interface ValidatorFaults {
  state: 'up' | 'down' | 'losing';
  /** Maximum processing time of one message, in milliseconds. */
  maxDelay: number;
  /** Probability that the validator drops a command. The others of its message are not affected. */
  dropRate: number;
  /** Probability that a replica of the version before receives a message: with several commands, it becomes a dead letter. */
  oldVersion: number;
  /** Per cent of all orders on which its process dies, so that it replies to no command of their messages. */
  poison: number;
  /** The only lanes in which `state` applies. Undefined: all of them. The validator of the other lanes is up. */
  lanes: readonly number[] | undefined;
}

/** The channels of the simulated order. */
export const CHANNELS = ['consumer', 'details', 'announce'] as const;

/** The state without faults. */
export function noFaults(): FaultRates {
  return {
    store: 'up',
    resumesAt: 0,
    storeLatency: 4,
    requestLost: 0,
    resultLost: 0,
    writeLost: 0,
    late: 0,
    lateTransactions: 0,
    lateFrom: 100,
    lateUpTo: 200,
    partial: 0,
    killRate: 0,
    repeated: 0,
    readFails: 0,
    torn: 0.1,
    broker: 'up',
    dropped: 0,
    doubled: 0,
    delayed: 0,
    delayUpTo: 0,
    oldVersion: 0,
    validators: new Map(
      CHANNELS.map((channel) => [
        channel,
        { state: 'up', maxDelay: 20, dropRate: 0, oldVersion: 0, poison: 0, lanes: undefined },
      ]),
    ),
  };
}

/** All faults end now. */
export function healAll(rates: FaultRates): void {
  Object.assign(rates, noFaults());
}
