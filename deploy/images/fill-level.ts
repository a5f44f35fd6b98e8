/** How full a resource of a store is. */
export interface FillLevel {
  readonly resource: 'memory' | 'volume';
  readonly usedBytes: number;
  /** Undefined for a resource without a limit. */
  readonly limitBytes: number | undefined;
}

/** The limit in bytes that a store or the chart reports; undefined for 0, which means no limit. */
export const limitOf = (bytes: string | undefined): number | undefined => Number(bytes) || undefined;
