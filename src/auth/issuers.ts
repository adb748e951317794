import * as z from 'zod';

import { holdsInvisible } from '../lib/text/invisible-text.ts';
import { ALGORITHM_NAMES } from './keys/algorithms.ts';
import { PRESET_NAMES, PRESETS } from './presets.ts';
import type { Preset } from './presets.ts';
import { SCOPES } from './principal.ts';
import { claimNameFault } from './token/claim-name.ts';
import { MAX_TOKEN_BYTES } from './token/token-limit.ts';

/**
 * The shape of AUTH_ISSUERS, the list of issuers that this deployment trusts to identify callers, and the rules for
 * their names and URLs. The exact `issuer` identifies an entry, so a token's `iss` selects one entry or none.
 * issuer-profile.ts defines the meaning of an entry for a token. Unknown members are errors, because a typo must not
 * silently widen trust.
 */
const MAX_URL_LENGTH = 2048;
/** One week. A longer lifetime is a mistake, not a setting. */
const MAX_LIFETIME_S = 604_800;

/** A token of Ed25519 or P-256 with the claims that every token needs takes more. */
const MIN_TOKEN_BYTES = 512;

const text = z
  .string()
  .min(1)
  .max(MAX_URL_LENGTH)
  .refine((value) => !holdsInvisible(value), 'must not hold an invisible character');
const refusedBy = (faultOf: (value: string) => string | null) =>
  text.superRefine((value, context) => {
    const message = faultOf(value);
    if (message !== null) context.addIssue({ code: 'custom', message });
  });
const claimName = refusedBy(claimNameFault);
const audience = refusedBy(audienceFault);
const oneOrMore = <Item extends z.ZodType>(item: Item) => z.union([item, z.array(item).min(1)]);
const scopes = z.array(z.enum(SCOPES));

const claimsSchema = z.strictObject({
  audience: claimName.optional().meta({ description: 'The claim to read the audience from, in place of `aud`.' }),
  subject: oneOrMore(claimName)
    .optional()
    .meta({ description: 'The claim, or claims in order, to read the subject from, in place of the preset’s.' }),
  client_id: oneOrMore(claimName)
    .optional()
    .meta({ description: 'The claim, or claims in order, to read the client id from.' }),
  scopes: oneOrMore(claimName).optional().meta({ description: 'The claim, or claims in order, to read scopes from.' }),
  groups: oneOrMore(claimName).optional().meta({ description: 'The claim, or claims in order, to read groups from.' }),
  require: z
    .record(claimName, z.union([z.string(), z.number(), z.boolean(), z.null()]))
    .optional()
    .meta({ description: 'Claims a token must have: with exactly this value, or with any value where null.' }),
});

const entrySchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/, 'use 1 to 32 of a-z, 0-9 and inner dashes'),
  issuer: text,
  audience: oneOrMore(audience),
  jwks_uri: text.optional(),
  preset: z.enum(PRESET_NAMES).optional(),
  algorithms: z.array(z.enum(ALGORITHM_NAMES)).min(1).optional(),
  token_types: z
    .array(z.string().regex(/^[A-Za-z0-9!#$&^_.+/-]{1,64}$/))
    .min(1)
    .optional(),
  max_token_bytes: z
    .int()
    .min(MIN_TOKEN_BYTES, `must be at least ${MIN_TOKEN_BYTES}`)
    .max(
      MAX_TOKEN_BYTES,
      `must be at most ${MAX_TOKEN_BYTES}: a larger token does not fit into the header section of a request`,
    )
    .optional(),
  max_lifetime_s: z.int().min(60).max(MAX_LIFETIME_S).optional(),
  claims: claimsSchema.optional(),
  scope_map: z.record(text, z.union([z.enum(SCOPES), scopes.min(1)])).optional(),
  grant_scopes: scopes.optional(),
});

export type IssuerConfig = z.output<typeof entrySchema>;

/**
 * Also refuses an entry that contradicts its preset: its tokens could have no scopes, strangers could get scopes, or
 * it requires another value of a claim that the preset fixes.
 */
export const issuerSchema = entrySchema.superRefine((entry, context) => {
  const preset: Preset = PRESETS[entry.preset ?? 'rfc9068'];
  const scopeClaims = entry.claims?.scopes ?? preset.scopeClaims;
  const mapped = entry.scope_map !== undefined && preset.scopeMapClaims.length > 0;
  const granted = (entry.grant_scopes ?? []).length > 0;
  const refuse = (path: PropertyKey[], message: string): void => context.addIssue({ code: 'custom', path, message });
  if (granted && !preset.grantScopesAllowed) {
    refuse(['grant_scopes'], 'would let strangers in: anyone can get such a token; name whom you mean in scope_map');
  }
  if (scopeClaims.length === 0 && !mapped && !granted) {
    const remedies = preset.grantScopesAllowed ? 'grant_scopes or scope_map' : 'scope_map';
    refuse([], `needs ${remedies}: tokens of this preset carry no scopes`);
  }
  for (const [claim, value] of Object.entries(entry.claims?.require ?? {})) {
    const fixed = preset.fixedClaims[claim];
    if (fixed !== undefined && value !== null && value !== fixed) {
      refuse(['claims', 'require', claim], `contradicts the preset, which requires ${JSON.stringify(fixed)}`);
    }
  }
});

export const issuersSchema = z
  .array(issuerSchema)
  .min(1)
  .superRefine((issuers, context) => {
    for (const member of ['name', 'issuer'] as const) {
      const seen = new Set<string>();
      issuers.forEach((entry, index) => {
        if (seen.has(entry[member]))
          context.addIssue({ code: 'custom', path: [index, member], message: `must be unique` });
        seen.add(entry[member]);
      });
    }
  });

/** Whether the host of the URL is loopback. INSECURE_DEV allows plain http only there. */
export function isLoopbackUrl(url: string): boolean {
  const parsed = URL.parse(url);
  return parsed !== null && isLoopback(parsed.hostname);
}

/** `http://localhost:5173`: the origin of a page of this machine, exactly as browsers send it. */
export function isLoopbackOrigin(origin: string): boolean {
  return /^https?:/.test(origin) && isLoopbackUrl(origin) && new URL(origin).origin === origin;
}

/** Entra ID's endpoints for several tenants. The tokens that they issue name the tenant. */
const SHARED_TENANT =
  /^https:\/\/(?:login\.microsoftonline\.(?:com|us)|login\.partner\.microsoftonline\.cn|sts\.windows\.net)\/(?:common|organizations|consumers)(?:\/|$)/i;

/** An audience is compared as it is, so notations for several of them would match no token. */
function audienceFault(value: string): string | null {
  if (/^\*$|\*\.|\/\*$/.test(value)) return 'must be exact: there is no wildcard';
  return value.includes(',') ? 'must be one audience: write several as a list, ["…", "…"]' : null;
}

export interface UrlRules {
  /** Allows plain http, and then only on loopback. */
  readonly insecureDev: boolean;
}

/**
 * Why an entry of AUTH_ISSUERS names no issuer whose keys can be fetched, or null. With `jwks_uri`, the issuer is a
 * name that is only compared, as RFC 7519 §4.1.1 allows (AD FS `http://…`, `urn:…`): https is required of what is
 * fetched. Without it, the metadata is fetched from the issuer.
 */
export function issuerProblem(
  { issuer, jwks_uri: jwksUri }: Pick<IssuerConfig, 'issuer' | 'jwks_uri'>,
  rules: UrlRules,
): string | null {
  if (issuer !== issuer.trim()) return 'issuer must not begin or end with a blank';
  if (/\{[A-Za-z_-]+\}/.test(issuer)) {
    return 'issuer holds a placeholder in braces, which no token has; write what it stands for, such as the tenant id';
  }
  if (/<[^<>]+>|YOUR_[A-Z]|\b[Yy]our[_-]?[Tt]enant/.test(issuer)) {
    return 'issuer holds a placeholder, which no token has; write what it stands for, such as the tenant id';
  }
  if (SHARED_TENANT.test(issuer)) {
    return 'issuer names no single tenant, and no token has it; write the id of the tenant in its place';
  }
  if (/\/\.well-known\/(?:openid-configuration|oauth-authorization-server)\/?$/.test(issuer)) {
    return 'issuer is the address of the metadata; write what stands before /.well-known/';
  }
  if (jwksUri === undefined) {
    const problem = issuerUrlProblem(issuer, rules);
    return problem === null ? null : `issuer ${problem}, or jwks_uri must name its key set`;
  }
  const problem = documentUrlProblem(jwksUri, rules);
  return problem === null ? null : `jwks_uri ${problem}`;
}

/** Why a URL is no valid issuer identifier (RFC 8414 §2: https, no query, no fragment), or null. */
export function issuerUrlProblem(url: string, rules: UrlRules): string | null {
  const problem = documentUrlProblem(url, rules);
  if (problem !== null) return problem;
  return url.includes('?') ? 'must have no query' : null;
}

/** Why a URL is not valid for a key set or metadata, or null. A query is allowed, because some providers need one. */
export function documentUrlProblem(url: string, { insecureDev }: UrlRules): string | null {
  // The URL parser repairs control characters, spaces and backslashes. A URL that needs repair is refused instead.
  if (!/^[\x21-\x7e]+$/.test(url) || url.includes('\\')) return 'must be an absolute URL in plain ASCII';
  const parsed = URL.parse(url);
  if (parsed === null || !/^[a-z]+:\/\//i.test(url)) return 'must be an absolute URL';
  if (parsed.username !== '' || parsed.password !== '') return 'must have no user information';
  if (url.includes('#')) return 'must have no fragment';
  if (parsed.protocol === 'https:') return null;
  if (parsed.protocol !== 'http:') return 'must use https';
  if (!insecureDev) return 'must use https';
  return isLoopback(parsed.hostname) ? null : 'may use http only on loopback';
}

/** Expects a hostname as the URL parser writes it: lower-case, IPv4 in four decimals, IPv6 in brackets. */
function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}
