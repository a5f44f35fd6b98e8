/** Writes the report of a lab. */
export async function writeReport(_from: string, _to: string): Promise<void> {}
