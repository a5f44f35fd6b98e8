/**
 * Returns a function that takes at most `max` of the given items, and the ones after them at the next call. So each item gets
 * its turn.
 */
export function createTurns(max: number): <T>(items: ReadonlySet<T>) => readonly T[] {
  let start = 0;
  return (items) => {
    const all = [...items];
    if (all.length <= max) return all;
    start %= all.length;
    const taken = [...all.slice(start), ...all.slice(0, start)].slice(0, max);
    start += max;
    return taken;
  };
}
