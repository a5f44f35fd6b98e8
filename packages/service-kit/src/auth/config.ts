import { z } from 'zod';
import { httpUrl } from '../config/http-url.ts';

/** Authentication settings of every service, from its environment. Without AUTH_ISSUER authentication is off. */
export const authConfig = {
  /** The issuer of the tokens: their claim `iss`, and the base URL of OpenID Connect discovery. */
  AUTH_ISSUER: httpUrl.optional(),
  /** URL of the issuer's key set. Default: from discovery. */
  AUTH_JWKS_URL: httpUrl.optional(),
  /** The audience of the tokens: their claim `aud`. */
  AUTH_AUDIENCE: z.string().optional(),
  /** The claim with the caller's consumer id. */
  AUTH_CONSUMER_CLAIM: z.string().default('sub'),
  /** The claim with the caller's roles: a name, or a path such as `realm_access.roles`. */
  AUTH_ROLES_CLAIM: z.string().default('roles'),
  /** The role with full access. */
  AUTH_ADMIN_ROLE: z.string().default('admin'),
};

/** The values of `authConfig`. */
export type AuthConfig = z.infer<z.ZodObject<typeof authConfig>>;

type CheckedConfig = Partial<AuthConfig> & { readonly APP_API_TOKEN?: string | undefined };

const missing = (name: keyof CheckedConfig) => ({ path: [name], error: 'is missing', when: () => true });

/**
 * Checks for `refine`: issuer, audience and the sidecar's token are set together. A partial configuration would leave a service open
 * that its operator believes to be closed: without APP_API_TOKEN every caller could use the sidecar's operations.
 */
export const AUTH_CHECKS = {
  issuer: [
    ({ AUTH_ISSUER, AUTH_JWKS_URL, AUTH_AUDIENCE }: Partial<AuthConfig>) =>
      AUTH_ISSUER !== undefined || (AUTH_JWKS_URL === undefined && AUTH_AUDIENCE === undefined),
    missing('AUTH_ISSUER'),
  ],
  audience: [
    ({ AUTH_ISSUER, AUTH_AUDIENCE }: Partial<AuthConfig>) => AUTH_ISSUER === undefined || AUTH_AUDIENCE !== undefined,
    missing('AUTH_AUDIENCE'),
  ],
  appToken: [
    ({ AUTH_ISSUER, APP_API_TOKEN }: CheckedConfig) => AUTH_ISSUER === undefined || APP_API_TOKEN !== undefined,
    missing('APP_API_TOKEN'),
  ],
} as const;
