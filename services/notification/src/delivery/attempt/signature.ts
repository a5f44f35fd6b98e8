import { Webhook } from 'standardwebhooks';

export interface SignedContent {
  /** `webhook-id` */
  readonly id: string;
  /** Unix time in milliseconds. Signed and sent in seconds. */
  readonly at: number;
  readonly body: string;
}

/**
 * The headers of Standard Webhooks 1.0, with one signature per secret, so that a receiver can verify with either secret.
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export function signatureHeaders({ id, at, body }: SignedContent, secrets: readonly string[]): Record<string, string> {
  const signatures = secrets.map((secret) => new Webhook(secret).sign(id, new Date(at), body));
  return {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at / 1_000)),
    'webhook-signature': signatures.join(' '),
  };
}
