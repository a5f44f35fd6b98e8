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
}

export function createPlaces({ max, maxPerCaller }: PlacesOptions): Places {
  const taken = new Map<string, number>();
  let size = 0;
  return {
    take(caller) {
      const own = taken.get(caller) ?? 0;
      if (own >= maxPerCaller) return 'caller';
      if (size >= max) return 'replica';
      size++;
      taken.set(caller, own + 1);
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
