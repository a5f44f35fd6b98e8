/** The message of any thrown value, with its causes, which fetch hides. A cause that the message contains is not repeated. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const message = error.message || error.name;
  const cause = error.cause === undefined ? '' : reasonOf(error.cause);
  return message.includes(cause) ? message : `${message}: ${cause}`;
}
