import type { Hono } from 'hono';
import { base64url, exportJWK, generateKeyPair } from 'jose';
import type { JWK } from 'jose';

import { createTokenVerifier } from '../../src/auth/verify.ts';
import type { TokenVerifier, TokenVerifierDeps } from '../../src/auth/verify.ts';
import type { DocumentResult, FetchDocument } from '../../src/ports/fetch-document.ts';
import type { Logger } from '../../src/ports/logger.ts';
import type { Metrics } from '../../src/ports/metrics.ts';
import { TEST_TIME_MS } from './clock.ts';

/**
 * Doubles and fixtures for token tests: documents from memory, recorded metrics and log lines, and a signer. The signer
 * signs any text, because a JWT library refuses to make most of the tokens that the service must refuse.
 */
export const ISSUER = 'https://id.example.com';
export const AUDIENCE = 'galileo-invites';
export const NOW_S = TEST_TIME_MS / 1000;

const HONEST_HEADER = { alg: 'ES256', typ: 'at+jwt', kid: 'key-1' };
const HONEST_CLAIMS = {
  iss: ISSUER,
  aud: AUDIENCE,
  sub: 'hr-portal',
  client_id: 'hr-portal',
  scope: 'invites:write',
  iat: NOW_S,
  exp: NOW_S + 600,
  jti: 'token-1',
};

/** The header of an honest token with `changes`. A member that is `undefined` is left out. */
export function headerText(changes: object = {}): string {
  return JSON.stringify({ ...HONEST_HEADER, ...changes });
}

/** The claims of an honest token with `changes`. */
export function claimsText(changes: object = {}): string {
  return JSON.stringify({ ...HONEST_CLAIMS, ...changes });
}

/** The documents that ISSUER publishes when `jwk` is its only key. */
export function corpDocuments(jwk: JWK): Answer {
  return (url) => {
    const isMetadata = url.endsWith('/openid-configuration');
    return document(JSON.stringify(isMetadata ? { issuer: ISSUER, jwks_uri: `${ISSUER}/jwks` } : { keys: [jwk] }));
  };
}

/** A FetchDocument double with a list of the requested URLs, and a switch for failures. */
export interface TestDocuments {
  readonly fetchDocument: FetchDocument;
  readonly urls: string[];
  /** While set, every fetch ends with this result. */
  trouble: DocumentResult | null;
  /** While set, every fetch waits for it. */
  gate: Promise<void> | null;
}

type Answer = (url: string) => DocumentResult | Promise<DocumentResult>;

export function testDocuments(answer: Answer): TestDocuments {
  const documents: TestDocuments = {
    urls: [],
    trouble: null,
    gate: null,
    async fetchDocument({ url }) {
      documents.urls.push(url);
      const { trouble, gate } = documents;
      const result = trouble ?? (await answer(url));
      if (gate !== null) await gate;
      return result;
    },
  };
  return documents;
}

/** The documents of a Hono app, without a socket. */
export function documentsOf(app: Hono): TestDocuments {
  return testDocuments(async (url) => {
    const response = await app.request(url);
    if (response.status !== 200) return { kind: 'failed', reason: 'bad_status', status: response.status };
    return document(await response.text());
  });
}

export function document(text: string): DocumentResult {
  return { kind: 'document', text, contentType: 'application/json' };
}

export const UNREACHABLE: DocumentResult = { kind: 'failed', reason: 'unreachable' };

export interface CountedMetrics extends Metrics {
  readonly counted: { name: string; labels: Readonly<Record<string, string>> }[];
}

export function countedMetrics(): CountedMetrics {
  const counted: CountedMetrics['counted'] = [];
  return { counted, count: (name, labels = {}) => void counted.push({ name, labels }), observe: () => undefined };
}

export interface KeptLog extends Logger {
  readonly lines: string[];
}

export function keptLog(): KeptLog {
  const lines: string[] = [];
  const write = (event: string, fields?: object): void => void lines.push(JSON.stringify({ event, ...fields }));
  return { lines, debug: write, info: write, warn: write, error: write };
}

/** A verifier for one issuer with everything else filled in. */
export function testVerifier(
  overrides: Partial<TokenVerifierDeps> & Pick<TokenVerifierDeps, 'fetchDocument' | 'clock'>,
): TokenVerifier {
  return createTokenVerifier({
    issuers: [{ name: 'corp', issuer: ISSUER, audience: AUDIENCE }],
    corsOrigins: [],
    pages: true,
    insecureDev: false,
    canAwaitAcrossRequests: true,
    background: { run: () => undefined },
    metrics: countedMetrics(),
    logger: keptLog(),
    ...overrides,
  });
}

/** The result as one word: `refused:<reason>`, `unavailable` or `verified`. */
export async function verdict(verifier: TokenVerifier, token: string): Promise<string> {
  const result = await verifier.verify(token);
  return result.kind === 'refused' ? `refused:${result.failure.reason}` : result.kind;
}

export interface Signer {
  readonly jwk: JWK;
  /** Signs these exact texts. `header` and `payload` need not be JSON. */
  sign(header: string, payload: string | Uint8Array): Promise<string>;
  /** Signs parts that are already encoded, in any encoding. */
  signEncoded(header: string, payload: string): Promise<string>;
}

export async function es256Signer(kid = 'key-1'): Promise<Signer> {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  return signer({ ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' }, async (input) => {
    return new Uint8Array(await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, privateKey, input));
  });
}

/** For the issuers that sign with RSA. */
export async function rs256Signer(kid = 'key-1'): Promise<Signer> {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
  return signer({ ...(await exportJWK(publicKey)), kid, alg: 'RS256', use: 'sig' }, async (input) => {
    return new Uint8Array(await crypto.subtle.sign('RSASSA-PKCS1-v1_5', privateKey, input));
  });
}

export async function hmacSign(secret: Uint8Array<ArrayBuffer>, input: string): Promise<string> {
  const key = await crypto.subtle.importKey('raw', secret, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  return base64url.encode(new Uint8Array(await crypto.subtle.sign('HMAC', key, new TextEncoder().encode(input))));
}

function signer(jwk: JWK, signBytes: (input: Uint8Array<ArrayBuffer>) => Promise<Uint8Array>): Signer {
  const signEncoded = async (header: string, payload: string): Promise<string> => {
    const input = `${header}.${payload}`;
    return `${input}.${base64url.encode(await signBytes(Uint8Array.from(new TextEncoder().encode(input))))}`;
  };
  return {
    jwk,
    signEncoded,
    sign: (header, payload) => signEncoded(base64url.encode(header), base64url.encode(payload)),
  };
}
