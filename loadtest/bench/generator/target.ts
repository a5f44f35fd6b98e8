/** What came of asking for one order: the id of one that was taken, or why there is none, in short and as it was told. */
export type Answer = { readonly id: string } | { readonly other: string; readonly text?: string };

/** One way to ask for orders. */
export interface Target {
  /** Whether another one can be asked for now. */
  readonly hasRoom: boolean;
  /** Asks for the n-th order. `done` is called once, within the timeout. */
  send(n: number, done: (answer: Answer) => void): void;
}

/** What both ways need to know. */
export interface TargetOptions {
  readonly timeoutMs: number;
  /** How many consumers and restaurants the orders are spread over (see `orders.ts`). */
  readonly consumers: number;
  readonly restaurants: number;
}
