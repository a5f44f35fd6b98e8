export interface PlacesOptions {
  /** Maximum number of places of all callers. */
  readonly max: number;
  /** Maximum number of places of one caller. */
  readonly maxPerCaller: number;
}

/** The limit that is reached: that of the replica, or that of this caller at this replica. */
export type Exhausted = 'replica' | 'caller';

/** Places of requests that stay open for long. A caller without a place is refused at once. */
export interface Places {
  /** Takes a place. Returns the function that frees it, or the limit that is reached. */
  take(caller: string): (() => void) | Exhausted;
  /** The limit that `take` would meet; undefined if a place is free. */
  exhausted(caller: string): Exhausted | undefined;
}

export function createPlaces({ max, maxPerCaller }: PlacesOptions): Places {
  const taken = new Map<string, number>();
  let size = 0;
  const exhausted = (caller: string): Exhausted | undefined => {
    if ((taken.get(caller) ?? 0) >= maxPerCaller) return 'caller';
    return size >= max ? 'replica' : undefined;
  };
  return {
    exhausted,
    take(caller) {
      const limit = exhausted(caller);
      if (limit !== undefined) return limit;
      size++;
      taken.set(caller, (taken.get(caller) ?? 0) + 1);
      let isFree = false;
      return () => {
        if (isFree) return;
        isFree = true;
        size--;
        const left = (taken.get(caller) ?? 1) - 1;
        if (left === 0) taken.delete(caller);
        else taken.set(caller, left);
      };
    },
  };
}
