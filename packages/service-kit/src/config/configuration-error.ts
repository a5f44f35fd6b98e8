/** The configuration does not fit what the service finds at its start. A restart does not help. Ends the process with exit code 2. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}
