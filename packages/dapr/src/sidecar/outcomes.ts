import { Code } from '@connectrpc/connect';
import type {
  BulkPublishResponse,
  BulkStateItem,
  GetMetadataResponse,
  GetStateResponse,
} from '@dapr/dapr/proto/dapr/proto/runtime/v1/dapr_pb.js';
import { SidecarError, type SidecarMetadata, type Stored } from '../types.ts';

/** Interprets the sidecar's responses. Pure. The reasons given here were observed with daprd 1.18. */

/**
 * Whether the sidecar refused the request before it called the store. Only a request that is larger than the sidecar's limit
 * proves that: gRPC refuses it before Dapr receives it. Other errors with this status may come after the store was called.
 */
export const isRefusal = ({ code, message }: SidecarError): boolean =>
  code === Code.ResourceExhausted && message.includes('received message larger than max');

/** Whether a response is larger than the sidecar or this client allows. */
export const isTooLarge = ({ code }: SidecarError): boolean => code === Code.ResourceExhausted;

const utf8 = new TextDecoder();

/** @throws SidecarError for a value that is not JSON: this client has not written it */
function jsonOf(key: string, data: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(data));
  } catch (error) {
    throw new SidecarError(`the value of ${key} is not JSON`, undefined, error);
  }
}

/** The items that a bulk get found, by key, and the keys that it could not read: their state is unknown. */
export interface BulkItems {
  readonly found: ReadonlyMap<string, Stored>;
  readonly failed: readonly string[];
}

/**
 * The items of a bulk get. PostgreSQL returns them in another order, and a missing key comes without an ETag. A value that is not
 * JSON is undefined, which no reader of documents accepts, so it spoils no other item.
 * @throws SidecarError when every item has an error, since the store is down then
 */
export function bulkItems(items: readonly Pick<BulkStateItem, 'key' | 'data' | 'etag' | 'error'>[]): BulkItems {
  const found = new Map<string, Stored>();
  const failed: string[] = [];
  for (const { key, data, etag, error } of items) {
    if (error !== '') failed.push(key);
    else if (etag !== '') found.set(key, { value: jsonOrUndefined(key, data), etag });
  }
  const [first] = items;
  if (first && failed.length === items.length) throw new SidecarError(`bulk get of ${first.key}: ${first.error}`);
  return { found, failed };
}

function jsonOrUndefined(key: string, data: Uint8Array): unknown {
  try {
    return jsonOf(key, data);
  } catch {
    return undefined;
  }
}

/** One value with its ETag; undefined for a missing key, which has neither. @throws SidecarError for a value without an ETag */
export function storedItem(key: string, { data, etag }: Pick<GetStateResponse, 'data' | 'etag'>): Stored | undefined {
  if (etag !== '') return { value: jsonOf(key, data), etag };
  if (data.length > 0) throw new SidecarError(`the value of ${key} has no ETag`);
  return undefined;
}

/** Which of the entries with the ids first..first+count-1 the broker accepted. */
export function publishOutcomes(
  { failedEntries }: Pick<BulkPublishResponse, 'failedEntries'>,
  first: number,
  count: number,
): boolean[] {
  const failed = new Set(failedEntries.map(({ entryId }) => entryId));
  return Array.from({ length: count }, (_, index) => !failed.has(String(first + index)));
}

/** The sidecar's metadata. */
export const sidecarMetadata = ({
  id,
  runtimeVersion,
  registeredComponents,
}: Pick<GetMetadataResponse, 'id' | 'runtimeVersion' | 'registeredComponents'>): SidecarMetadata => ({
  appId: id,
  runtimeVersion,
  components: registeredComponents.map(({ name, type, version, capabilities }) => ({
    name,
    type,
    version,
    capabilities,
  })),
});
