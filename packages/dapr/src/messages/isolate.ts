import { UnavailableError } from '@standing-order/service-kit/http';

/** Maximum number of calls for one list of items. It finds several items at fault among thousands. */
const MAX_CALLS = 64;

/**
 * Calls `work` with all items. If it rejects, the items at fault are found by halving, so that the others are handled. An item
 * whose own call rejects has no result; neither do the items that are left after `MAX_CALLS` calls or when `isOver`
 * returns true. An UnavailableError concerns no single item: it is rethrown, and so is any error about a single item alone.
 */
export async function isolateFailures<T, R>(
  items: readonly T[],
  work: (items: readonly T[]) => Promise<readonly R[]>,
  onFailure: (error: unknown) => void,
  isOver: () => boolean,
): Promise<readonly (R | undefined)[]> {
  let calls = 0;
  const none = (part: readonly T[]): undefined[] => Array(part.length).fill(undefined);

  async function handle(part: readonly T[]): Promise<readonly (R | undefined)[]> {
    if (calls === MAX_CALLS || isOver()) return none(part);
    calls++;
    try {
      const results = await work(part);
      return part.map((_, index) => results[index]);
    } catch (error) {
      if (error instanceof UnavailableError || items.length === 1) throw error;
      if (part.length === 1) {
        onFailure(error);
        return none(part);
      }
      const middle = Math.ceil(part.length / 2);
      const first = await handle(part.slice(0, middle));
      return [...first, ...(await handle(part.slice(middle)))];
    }
  }
  return handle(items);
}
