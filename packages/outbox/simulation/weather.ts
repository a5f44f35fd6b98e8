/** What is wrong right now. Probabilities are per call or per message. Mutable: the schedule of faults changes it. */
export interface Weather {
  store: 'up' | 'down' | 'frozen' | 'full';
  /** While frozen: when it will thaw. */
  thawsAt: number;
  /** The longest way between a process and the store, in milliseconds. */
  storeLatency: number;
  requestLost: number;
  answerLost: number;
  /** As `requestLost`, for compare-and-set writes only: orders get in, and beats and answers do not. */
  writeLost: number;
  /** A write lands that long after its error was reported. */
  late: number;
  /** As `late`, for transactions only: a late beat would tell the others to look again. */
  lateBatches: number;
  lateFrom: number;
  lateUpTo: number;
  /** Each operation of a transaction, or item of a write, fails by itself. */
  partial: number;
  /** A process whose write was applied in part only dies at that moment. */
  deadly: number;
  /** A write is applied a second time up to `lateUpTo` later. */
  twice: number;
  readFails: number;
  /** Items of one bulk call are read or written at different instants. */
  torn: number;

  broker: 'up' | 'down';
  dropped: number;
  doubled: number;
  delayed: number;
  delayUpTo: number;
  /** By channel. `down`: messages wait. `burning`: messages are lost, as when an application is down under a running sidecar. */
  readonly validators: Map<string, Validator>;
}

export interface Validator {
  state: 'up' | 'down' | 'burning';
  /** The longest it takes over one message, in milliseconds. */
  takes: number;
  /** Gives up on a message. */
  failing: number;
}

export const CHANNELS = ['consumer', 'details', 'announce'] as const;

export function fairWeather(): Weather {
  return {
    store: 'up',
    thawsAt: 0,
    storeLatency: 4,
    requestLost: 0,
    answerLost: 0,
    writeLost: 0,
    late: 0,
    lateBatches: 0,
    lateFrom: 100,
    lateUpTo: 200,
    partial: 0,
    deadly: 0,
    twice: 0,
    readFails: 0,
    torn: 0.1,
    broker: 'up',
    dropped: 0,
    doubled: 0,
    delayed: 0,
    delayUpTo: 0,
    validators: new Map(CHANNELS.map((channel) => [channel, { state: 'up', takes: 20, failing: 0 }])),
  };
}

/** Everything is healthy from now on. */
export function clearUp(weather: Weather): void {
  Object.assign(weather, fairWeather());
}
