/** The message of a thrown value, whether or not the value is an Error. */
export const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
