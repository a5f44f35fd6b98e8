import { z } from 'zod';
import type { Answer } from './client.ts';
import { type Component, SidecarError, type SidecarMetadata, type Stored, type TransactionOutcome } from './types.ts';

/** What Dapr's answers mean. Pure; the reasons are what daprd 1.18 was seen to do. */

const failure = z.object({
  errorCode: z.string().optional().catch(undefined),
  message: z.string().optional().catch(undefined),
});

/** The body, or undefined when it is no JSON. */
export function jsonOf({ body }: Pick<Answer, 'body'>): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

const parsed = <T>(schema: z.ZodType<T>, body: string): T | undefined => schema.safeParse(jsonOf({ body })).data;

export const ok = (answer: Answer): boolean => answer.status >= 200 && answer.status < 300;

/** Dapr's own code of an error answer, if it is one. */
const errorCode = (answer: Answer): string | undefined => parsed(failure, answer.body)?.errorCode;

/** An answer that cannot be used, as an error. */
function unexpected(what: string, answer: Answer): SidecarError {
  const message = parsed(failure, answer.body)?.message ?? answer.body.slice(0, 200);
  return new SidecarError(`${what}: ${answer.status} ${message}`, answer.status, errorCode(answer));
}

/**
 * Only a 400 that calls the request itself malformed (unreadable, or `||` in a key) was given before the store was asked.
 * A 400 for a store that is not there (yet) says nothing about the request.
 */
export const isRefusal = (answer: Answer): boolean =>
  answer.status === 400 && errorCode(answer) === 'ERR_MALFORMED_REQUEST';

/** A 500 may have been applied: Redis does not roll back, and a lost answer looks the same as a failure. */
export function transactionOutcome(answer: Answer): TransactionOutcome {
  if (ok(answer)) return 'committed';
  return isRefusal(answer) ? 'refused' : 'unknown';
}

const bulkItems = z.array(
  z.object({
    key: z.string(),
    data: z.unknown().optional(),
    etag: z.string().optional(),
    error: z.string().optional(),
  }),
);

/**
 * Bulk get by key: PostgreSQL answers in another order, and a missing key comes without an ETag. An item with an error
 * makes the whole read fail, since it says nothing about its key.
 */
export function storedItems(answer: Answer): Map<string, Stored> {
  const items = answer.status === 200 ? parsed(bulkItems, answer.body) : undefined;
  if (!items) throw unexpected('bulk get', answer);
  const found = new Map<string, Stored>();
  for (const item of items) {
    if (item.error) throw new SidecarError(`bulk get of ${item.key}: ${item.error}`, answer.status);
    if (item.etag !== undefined) found.set(item.key, { value: item.data, etag: item.etag });
  }
  return found;
}

/** One value with its ETag; 204 is Dapr's way to say that there is none. */
export function storedItem(answer: Answer): Stored | undefined {
  if (answer.status === 204) return undefined;
  if (answer.status !== 200 || answer.etag === undefined) throw unexpected('get', answer);
  return { value: JSON.parse(answer.body), etag: answer.etag };
}

const failedEntries = z.object({ failedEntries: z.array(z.object({ entryId: z.string() })).min(1) });

/**
 * Which of the entries with the ids first..first+count-1 the broker took. An error that names no entry speaks for all of
 * them.
 */
export function publishOutcomes(answer: Answer, first: number, count: number): boolean[] {
  if (ok(answer)) return Array<boolean>(count).fill(true);
  const failed = new Set(parsed(failedEntries, answer.body)?.failedEntries.map(({ entryId }) => entryId));
  return Array.from({ length: count }, (_, index) => failed.size > 0 && !failed.has(String(first + index)));
}

const metadataBody = z.object({
  id: z.string(),
  runtimeVersion: z.string().default(''),
  components: z
    .array(
      z.object({
        name: z.string(),
        type: z.string(),
        version: z.string().default(''),
        capabilities: z.array(z.string()).nullish(),
      }),
    )
    .nullish(),
});

export function sidecarMetadata(answer: Answer): SidecarMetadata {
  const body = answer.status === 200 ? parsed(metadataBody, answer.body) : undefined;
  if (!body) throw unexpected('metadata', answer);
  const components: Component[] = (body.components ?? []).map((component) => ({
    ...component,
    capabilities: component.capabilities ?? [],
  }));
  return { appId: body.id, runtimeVersion: body.runtimeVersion, components };
}
