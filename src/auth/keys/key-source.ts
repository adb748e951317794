import * as z from 'zod';

import { parseStrictJson } from '../../contract/strict-json.ts';
import { DOCUMENT_FAILURES } from '../../ports/fetch-document.ts';
import type { FetchDocument } from '../../ports/fetch-document.ts';
import type { ProxyFailure } from '../../ports/http.ts';
import type { IssuerProfile } from '../issuer-profile.ts';
import { documentUrlProblem } from '../issuers.ts';
import type { UrlRules } from '../issuers.ts';

/**
 * Fetches an issuer's key set document once: from `jwks_uri`, or from the URL in the issuer's metadata (OpenID Connect
 * Discovery 1.0 §4, RFC 8414 §3). It keeps no state and judges no keys: key-set decides when to fetch,
 * verification-key selects the usable keys. A redirect is a failure, so keys come only from a URL that the settings or
 * the metadata name.
 */
export type KeySourceResult = KeyDocument | KeySourceFailed;

export interface KeyDocument {
  readonly kind: 'document';
  readonly document: unknown;
  readonly text: string;
  /** How long ago the oldest document that led here was fetched; 0 for just now. */
  readonly ageMs: number;
  /** What led here; null when the settings name the key set. */
  readonly metadata: IssuerMetadata | null;
}

export interface KeySourceFailed {
  readonly kind: 'failed';
  readonly reason: KeySourceFailure;
  readonly status?: number | undefined;
  /** The metadata that was refused. */
  readonly metadata?: IssuerMetadata;
}

/** Where no egress proxy is the cause. */
export const KEY_SOURCE_FAILURES = [
  ...DOCUMENT_FAILURES,
  'not_json',
  'json_ambiguous',
  'metadata_malformed',
  'metadata_issuer_mismatch',
  'metadata_jwks_uri_not_allowed',
] as const;

export type KeySourceFailure = (typeof KEY_SOURCE_FAILURES)[number] | ProxyFailure;

export const DOCUMENT_TIMEOUT_MS = 3000;
/** Key sets with certificate chains pass 64 KiB. */
export const MAX_DOCUMENT_BYTES = 262_144;

const metadataSchema = z.object({
  issuer: z.string(),
  jwks_uri: z.string(),
  /** AD FS: the `iss` of its access tokens, where `issuer` is that of its ID tokens. */
  access_token_issuer: z.string().optional(),
});

export interface IssuerMetadata {
  readonly issuer: string;
  readonly jwksUri: string;
  readonly accessTokenIssuer: string | null;
}

export interface KeySourceDeps {
  readonly profile: Pick<IssuerProfile, 'issuer' | 'jwksUri'>;
  readonly fetchDocument: FetchDocument;
  readonly rules: UrlRules;
}

export async function fetchKeySet({ profile, fetchDocument, rules }: KeySourceDeps): Promise<KeySourceResult> {
  if (profile.jwksUri !== null) {
    const named = await fetchJson(profile.jwksUri, fetchDocument);
    return named.kind === 'failed' ? named : { ...named, metadata: null };
  }
  const found = await fetchMetadata(profile.issuer, fetchDocument);
  if (found.kind === 'failed') return found;
  const { metadata, ageMs } = found;
  // Discovery §4.3, RFC 8414 §3.3: identical, or the metadata must not be used.
  if (metadata.issuer !== profile.issuer) return { kind: 'failed', reason: 'metadata_issuer_mismatch', metadata };
  if (documentUrlProblem(metadata.jwksUri, rules) !== null) {
    return { kind: 'failed', reason: 'metadata_jwks_uri_not_allowed', metadata };
  }
  const keys = await fetchJson(metadata.jwksUri, fetchDocument);
  return keys.kind === 'failed' ? keys : { ...keys, ageMs: Math.max(ageMs, keys.ageMs), metadata };
}

/**
 * Reads the metadata of an issuer that is a URL; whether it is this issuer's is not judged here. Tries the OpenID
 * location first. RFC 8414's location is tried after a 404 only, never after another failure.
 */
export async function fetchMetadata(
  issuer: string,
  fetchDocument: FetchDocument,
): Promise<{ readonly kind: 'metadata'; readonly metadata: IssuerMetadata; readonly ageMs: number } | KeySourceFailed> {
  const found = await fetchMetadataDocument(issuer, fetchDocument);
  if (found.kind === 'failed') return found;
  const parsed = metadataSchema.safeParse(found.document);
  if (!parsed.success) return { kind: 'failed', reason: 'metadata_malformed' };
  const { issuer: name, jwks_uri: jwksUri, access_token_issuer: accessTokenIssuer = null } = parsed.data;
  return { kind: 'metadata', metadata: { issuer: name, jwksUri, accessTokenIssuer }, ageMs: found.ageMs };
}

/** The metadata as the issuer publishes it. */
export async function fetchMetadataDocument(
  issuer: string,
  fetchDocument: FetchDocument,
): Promise<MetadataDocument | KeySourceFailed> {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, '');
  const openid = await fetchJson(`${origin}${path}/.well-known/openid-configuration`, fetchDocument);
  return openid.kind === 'document' || openid.status !== 404
    ? openid
    : await fetchJson(`${origin}/.well-known/oauth-authorization-server${path}`, fetchDocument);
}

export type MetadataDocument = Pick<KeyDocument, 'kind' | 'document' | 'text' | 'ageMs'>;

async function fetchJson(url: string, fetchDocument: FetchDocument): Promise<MetadataDocument | KeySourceFailed> {
  const result = await fetchDocument({ url, timeoutMs: DOCUMENT_TIMEOUT_MS, maxBytes: MAX_DOCUMENT_BYTES });
  if (result.kind === 'failed') return result;
  const json = parseStrictJson(result.text);
  if (json.kind === 'invalid')
    return { kind: 'failed', reason: json.reason === 'syntax' ? 'not_json' : 'json_ambiguous' };
  return { kind: 'document', document: json.value, text: result.text, ageMs: result.ageMs ?? 0 };
}
