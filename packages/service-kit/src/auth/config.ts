import { z } from 'zod';

const httpUrl = z.url({ protocol: /^https?$/, error: 'must be an http or https URL' });

/** How callers are told apart, as every service reads it from its environment. Without AUTH_ISSUER, they are not. */
export const authConfig = {
  /** Who issues the tokens: their claim `iss`, and where OpenID Connect discovery is. */
  AUTH_ISSUER: httpUrl.optional(),
  /** Where the issuer's keys are; without it, discovery says so. */
  AUTH_JWKS_URL: httpUrl.optional(),
  /** Whom the tokens are for: their claim `aud`. */
  AUTH_AUDIENCE: z.string().optional(),
  /** The claim that holds the id of the consumer that the caller is. */
  AUTH_CONSUMER_CLAIM: z.string().default('sub'),
  /** The claim that holds the caller's roles: `roles`, or a path such as `realm_access.roles`. */
  AUTH_ROLES_CLAIM: z.string().default('roles'),
  /** The role of whoever may do everything. */
  AUTH_ADMIN_ROLE: z.string().default('admin'),
};

export type AuthConfig = z.infer<z.ZodObject<typeof authConfig>>;

const missing = (name: keyof AuthConfig) => ({ path: [name], error: 'is missing', when: () => true });

/** Half a configuration would leave open what somebody believes to be closed. For `refine`. */
export const authIsWhole = {
  issuer: [
    ({ AUTH_ISSUER, AUTH_JWKS_URL, AUTH_AUDIENCE }: Partial<AuthConfig>) =>
      AUTH_ISSUER !== undefined || (AUTH_JWKS_URL === undefined && AUTH_AUDIENCE === undefined),
    missing('AUTH_ISSUER'),
  ],
  audience: [
    ({ AUTH_ISSUER, AUTH_AUDIENCE }: Partial<AuthConfig>) => AUTH_ISSUER === undefined || AUTH_AUDIENCE !== undefined,
    missing('AUTH_AUDIENCE'),
  ],
} as const;
