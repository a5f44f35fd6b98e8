/** Prints lines of progress, each with the seconds since this call. */
export function createProgress(): (line: string) => void {
  const startedAt = performance.now();
  return (line) => console.log(`  ${((performance.now() - startedAt) / 1_000).toFixed(1)} s: ${line}`);
}
