import * as z from 'zod';

import { parseStrictJson } from '../../contract/strict-json.ts';
import type { DocumentFailure, FetchDocument } from '../../ports/fetch-document.ts';
import type { IssuerProfile } from '../issuer-profile.ts';
import { documentUrlProblem } from '../issuers.ts';
import type { UrlRules } from '../issuers.ts';

/**
 * Fetches an issuer's key set document once: from `jwks_uri`, or from the URL in the issuer's metadata (OpenID Connect
 * Discovery 1.0 §4, RFC 8414 §3). It keeps no state and judges no keys: key-set decides when to fetch,
 * verification-key selects the usable keys. A redirect is a failure, so keys come only from a URL that the settings or
 * the metadata name.
 */
export type KeySourceResult =
  | { readonly kind: 'document'; readonly document: unknown; readonly text: string }
  | { readonly kind: 'failed'; readonly reason: KeySourceFailure; readonly status?: number | undefined };

export type KeySourceFailure =
  | DocumentFailure
  | 'not_json'
  | 'metadata_malformed'
  | 'metadata_issuer_mismatch'
  | 'metadata_jwks_uri_not_allowed';

export const DOCUMENT_TIMEOUT_MS = 3000;
const MAX_DOCUMENT_BYTES = 65_536;

const metadataSchema = z.object({ issuer: z.string(), jwks_uri: z.string() });

export interface KeySourceDeps {
  readonly profile: Pick<IssuerProfile, 'issuer' | 'jwksUri'>;
  readonly fetchDocument: FetchDocument;
  readonly rules: UrlRules;
}

export async function fetchKeySet({ profile, fetchDocument, rules }: KeySourceDeps): Promise<KeySourceResult> {
  if (profile.jwksUri !== null) return fetchJson(profile.jwksUri, fetchDocument);
  const metadata = await fetchMetadata(profile.issuer, fetchDocument);
  if (metadata.kind === 'failed') return metadata;
  const parsed = metadataSchema.safeParse(metadata.document);
  if (!parsed.success) return { kind: 'failed', reason: 'metadata_malformed' };
  // Discovery §4.3, RFC 8414 §3.3: identical, or the metadata must not be used.
  if (parsed.data.issuer !== profile.issuer) return { kind: 'failed', reason: 'metadata_issuer_mismatch' };
  if (documentUrlProblem(parsed.data.jwks_uri, rules) !== null) {
    return { kind: 'failed', reason: 'metadata_jwks_uri_not_allowed' };
  }
  return fetchJson(parsed.data.jwks_uri, fetchDocument);
}

/** Tries the OpenID location first. RFC 8414's location is tried after a 404 only, never after another failure. */
async function fetchMetadata(issuer: string, fetchDocument: FetchDocument): Promise<KeySourceResult> {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, '');
  const openid = await fetchJson(`${origin}${path}/.well-known/openid-configuration`, fetchDocument);
  if (openid.kind === 'document' || openid.status !== 404) return openid;
  return fetchJson(`${origin}/.well-known/oauth-authorization-server${path}`, fetchDocument);
}

async function fetchJson(url: string, fetchDocument: FetchDocument): Promise<KeySourceResult> {
  const result = await fetchDocument({ url, timeoutMs: DOCUMENT_TIMEOUT_MS, maxBytes: MAX_DOCUMENT_BYTES });
  if (result.kind === 'failed') return result;
  const json = parseStrictJson(result.text);
  if (json.kind === 'invalid') return { kind: 'failed', reason: 'not_json' };
  return { kind: 'document', document: json.value, text: result.text };
}
