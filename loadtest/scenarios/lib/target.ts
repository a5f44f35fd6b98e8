/** k6 has no URL class. */
const HTTP_URL = /^https?:\/\/(\[[0-9a-fA-F:.]+\]|[^/:?#@[\]]+)(?::\d{1,5})?$/;

const isLoopback = (host: string): boolean =>
  /^127(\.\d{1,3}){3}$/.test(host) || host === '[::1]' || /^(.+\.)?localhost$/.test(host);

/** Names that nobody else can have (RFC 6761). */
const isTestName = (host: string): boolean => /\.test$/.test(host);

/**
 * What is wrong with a URL as the target of load: load goes to this machine, to a name below .test, or to a host that
 * whoever starts the run has named. Undefined: nothing.
 */
export function faultOfTarget(url: string, allowedHosts: readonly string[]): string | undefined {
  const host = HTTP_URL.exec(url)?.[1]?.toLowerCase();
  if (host === undefined) return `"${url}" is not http://HOST or http://HOST:PORT`;
  if (isLoopback(host) || isTestName(host) || allowedHosts.includes(host)) return undefined;
  return `${host} is neither this machine nor a test host; to load it, name it in ALLOW_HOST (--allow-host)`;
}
