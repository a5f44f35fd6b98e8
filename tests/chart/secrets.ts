import type { Values } from './helm.ts';

/** Values that name an existing secret for each that the chart would create. */
export const namedSecrets = {
  dapr: { apiTokenSecret: 'api-token', appTokenSecret: 'app-token' },
  order: { tokenKeysSecret: 'token-keys' },
  notification: { keysSecret: 'webhook-keys' },
  stateStore: { passwordSecret: 'store-password' },
  broker: { passwordSecret: 'broker-password' },
} as const;

/** Both values, section by section. */
export function withSections(values: Values, more: Values): Values {
  const merged = Object.entries(more).map(([name, value]) => [
    name,
    Array.isArray(value) ? value : { ...(values[name] as Values), ...(value as Values) },
  ]);
  return { ...values, ...Object.fromEntries(merged) };
}
