import { z } from 'zod';
import { type Component, SidecarError, type SidecarMetadata, type Stored, type TransactionOutcome } from '../types.ts';
import type { SidecarResponse } from './http-client.ts';

/** Interprets the sidecar's responses. Pure. The reasons given here were observed with daprd 1.18. */

const errorBody = z.object({
  errorCode: z.string().optional().catch(undefined),
  message: z.string().optional().catch(undefined),
});

/** The body as JSON; undefined when it is not JSON. */
export function parseJson({ body }: Pick<SidecarResponse, 'body'>): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

const parseBody = <T>(schema: z.ZodType<T>, body: string): T | undefined => schema.safeParse(parseJson({ body })).data;

/** Whether the status is 2xx. */
export const isOk = (response: SidecarResponse): boolean => response.status >= 200 && response.status < 300;

/** Dapr's error code of an error response, if it has one. */
const errorCode = (response: SidecarResponse): string | undefined => parseBody(errorBody, response.body)?.errorCode;

/** The error for a response that cannot be used. */
function unexpectedResponse(operation: string, response: SidecarResponse): SidecarError {
  const message = parseBody(errorBody, response.body)?.message ?? response.body.slice(0, 200);
  return new SidecarError(`${operation}: ${response.status} ${message}`, response.status, errorCode(response));
}

/**
 * Whether the sidecar refused the request before it called the store. Only a 400 with this code proves that: the request is
 * malformed (unreadable, or `||` in a key). A 400 for a store that is not loaded (yet) proves nothing about the request.
 */
export const isRefusal = (response: SidecarResponse): boolean =>
  response.status === 400 && errorCode(response) === 'ERR_MALFORMED_REQUEST';

/**
 * The outcome of a state transaction. A transaction with status 500 may have been applied: Redis does not roll back, and a
 * lost reply of the store looks the same as a failure.
 */
export function transactionOutcome(response: SidecarResponse): TransactionOutcome {
  if (isOk(response)) return 'committed';
  return isRefusal(response) ? 'refused' : 'unknown';
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
 * The items of a bulk get, by key: PostgreSQL returns them in another order, and a missing key comes without an ETag.
 * @throws SidecarError also when one item has an error, since the state of its key is then unknown
 */
export function storedItems(response: SidecarResponse): Map<string, Stored> {
  const items = response.status === 200 ? parseBody(bulkItems, response.body) : undefined;
  if (!items) throw unexpectedResponse('bulk get', response);
  const found = new Map<string, Stored>();
  for (const item of items) {
    if (item.error) throw new SidecarError(`bulk get of ${item.key}: ${item.error}`, response.status);
    if (item.etag !== undefined) found.set(item.key, { value: item.data, etag: item.etag });
  }
  return found;
}

/** One value with its ETag; undefined for 204, Dapr's status for a missing key. @throws SidecarError on an error response */
export function storedItem(response: SidecarResponse): Stored | undefined {
  if (response.status === 204) return undefined;
  if (response.status !== 200 || response.etag === undefined) throw unexpectedResponse('get', response);
  return { value: JSON.parse(response.body), etag: response.etag };
}

const failedEntries = z.object({ failedEntries: z.array(z.object({ entryId: z.string() })).min(1) });

/**
 * Which of the entries with the ids first..first+count-1 the broker accepted. An error without a list of entries counts for
 * all of them.
 */
export function publishOutcomes(response: SidecarResponse, first: number, count: number): boolean[] {
  if (isOk(response)) return Array<boolean>(count).fill(true);
  const failed = new Set(parseBody(failedEntries, response.body)?.failedEntries.map(({ entryId }) => entryId));
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

/** The sidecar's metadata. @throws SidecarError on an error response */
export function sidecarMetadata(response: SidecarResponse): SidecarMetadata {
  const body = response.status === 200 ? parseBody(metadataBody, response.body) : undefined;
  if (!body) throw unexpectedResponse('metadata', response);
  const components: Component[] = (body.components ?? []).map((component) => ({
    ...component,
    capabilities: component.capabilities ?? [],
  }));
  return { appId: body.id, runtimeVersion: body.runtimeVersion, components };
}
