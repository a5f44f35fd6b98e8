/** A function, as a profile names it. */
export interface Call {
  readonly name: string;
  /** Whose code it is: a workspace, a package, the runtime. */
  readonly part: string;
  /** Tells apart what has the same name. */
  readonly key: string;
}

/** What was under way at some moments, the outermost call first, and their processor time together. */
export interface Stack {
  readonly calls: readonly Call[];
  readonly microseconds: number;
}

/** A function as it was called on one way from the root. Times are microseconds of processor time. */
export interface Frame {
  readonly name: string;
  readonly part: string;
  /** In it and in all that it called. */
  total: number;
  self: number;
  readonly callees: Map<string, Frame>;
}

const frame = (name: string, part: string): Frame => ({ name, part, total: 0, self: 0, callees: new Map() });

/** Adds up stacks to a tree of calls, in which equal callees of one caller are one. */
export function sumUp(stacks: Iterable<Stack>): Frame {
  const root = frame('all', 'all');
  for (const { calls, microseconds } of stacks) {
    let at = root;
    at.total += microseconds;
    for (const { name, part, key } of calls) {
      const callee = at.callees.get(key) ?? frame(name, part);
      at.callees.set(key, callee);
      callee.total += microseconds;
      at = callee;
    }
    at.self += microseconds;
  }
  return root;
}

/** The processor time of each part, without what it called in other parts; the largest first. Microseconds. */
export function selfTimes(root: Frame): readonly (readonly [part: string, microseconds: number])[] {
  const times = new Map<string, number>();
  const add = ({ part, self, callees }: Frame): void => {
    if (self > 0) times.set(part, (times.get(part) ?? 0) + self);
    for (const callee of callees.values()) add(callee);
  };
  add(root);
  return [...times].toSorted(([, a], [, b]) => b - a);
}
