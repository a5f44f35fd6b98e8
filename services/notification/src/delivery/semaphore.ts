/** So many may work at a time. */
export interface Slots {
  /** Takes one; false when there is none, and then `free` is called once there is. */
  take(free: () => void): boolean;
  give(): void;
}

export function createSlots(most: number): Slots {
  const waiting = new Set<() => void>();
  let taken = 0;
  return {
    take(free) {
      if (taken < most) {
        taken++;
        return true;
      }
      waiting.add(free);
      return false;
    },
    give() {
      taken--;
      const woken = [...waiting];
      waiting.clear();
      for (const free of woken) free();
    },
  };
}
