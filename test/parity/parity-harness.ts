/**
 * One platform between a stand-in Galileo and a stand-in identity provider, with callers. Each answer is checked
 * against the platform's own /openapi.json. `stop` compares the requests that Galileo received with the trail, verifies
 * the trail's chain, and scans the log for addresses, tokens and keys.
 */
import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { StandIns } from '../../dev/stand-ins.ts';
import { startStandIns } from '../../dev/stand-ins.ts';
import { verifyChain } from '../../src/audit/chain.ts';
import type { RequestRecord } from '../../src/audit/record.ts';
import { ACCOUNT, SCHEME_UNDER_TEST } from '../support/sign-in.ts';
import { checkAgainstOpenApi } from '../support/openapi-check.ts';
import { leaksOf } from '../support/audit/operational-lines.ts';
import { checkTrail } from '../support/audit/trail-check.ts';
import type { PlatformName } from './platforms.ts';
import { PLATFORMS } from './platforms.ts';

export const ORIGIN = 'https://hr.example.com';
export const PUBLIC_URL = 'https://invites.example.com';
/**
 * GALILEO_TIMEOUT_MS for a Galileo that does not answer. The ending is the same on a slow machine: a login, which must end
 * in this time, gets more of it.
 */
export const SHORT_MS = SCHEME_UNDER_TEST === 'password' ? '3000' : '300';
/** An issuer with keys that cannot be fetched. */
export const SILENT_ISSUER = 'http://127.0.0.1:9';

export interface ParityHarness {
  readonly url: string;
  readonly galileo: StandIns['galileo'];
  /** Where the stand-in is, whatever GALILEO_API_URL says. */
  readonly galileoUrl: string;
  readonly identityProvider: StandIns['identityProvider'];
  readonly key: string;
  readonly nextKey: string;
  /** Makes a new caller, with quotas and idempotency keys of its own. */
  caller(claims?: Record<string, unknown>): Promise<Caller>;
  /** Sends no token, unless `headers` hold one. */
  request(path: string, init?: RequestInit): Promise<Response>;
  /** All lines logged so far. */
  lines(): readonly string[];
  /** The trail so far, from the audit route. */
  trail(): Promise<RequestRecord[]>;
  stop(): Promise<void>;
}

export interface Caller {
  readonly subject: string;
  readonly token: string;
  request(path: string, init?: RequestInit): Promise<Response>;
  /** POST /v2/invite_users. A `body` that is text or bytes is sent unchanged. */
  invite(body: unknown, options?: InviteOptions): Promise<Response>;
}

export interface InviteOptions {
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export async function startParityHarness(
  platformName: PlatformName,
  env: Record<string, string> = {},
): Promise<ParityHarness> {
  const isKey = SCHEME_UNDER_TEST === 'api_key';
  const ports = { identityProvider: 0, galileo: 0 };
  const standIns = await startStandIns({}, ports, () => undefined, isKey ? undefined : ACCOUNT);
  const { GALILEO_API_KEY: apiKey = '', AUTH_ISSUERS = '[]', ...standInEnv } = standIns.env;
  const key = isKey ? apiKey : ACCOUNT.password;
  const nextKey = `next-${randomUUID()}`;
  const signIn: Record<string, string> = isKey
    ? { GALILEO_API_KEY: key, GALILEO_API_KEY_NEXT: nextKey }
    : { GALILEO_AUTH: SCHEME_UNDER_TEST, GALILEO_USERNAME: ACCOUNT.username, GALILEO_PASSWORD: key };
  const silent = {
    name: 'silent',
    issuer: SILENT_ISSUER,
    audience: 'galileo-invites',
    jwks_uri: `${SILENT_ISSUER}/jwks`,
  };
  const platform = await PLATFORMS[platformName]({
    ...standInEnv,
    ...signIn,
    AUTH_ISSUERS: JSON.stringify([...(JSON.parse(AUTH_ISSUERS) as object[]), silent]),
    CORS_ORIGINS: ORIGIN,
    PUBLIC_URL,
    ...env,
  });
  const { galileo, identityProvider } = standIns;
  const contract = { request: (path: string) => fetch(platform.url + path) };

  const request: ParityHarness['request'] = async (path, init = {}) => {
    const response = await fetch(platform.url + path, { redirect: 'manual', ...init });
    await checkAgainstOpenApi(contract, init.method ?? 'GET', path, response);
    return response;
  };

  async function readTrail(): Promise<{ readonly lines: string[]; readonly records: RequestRecord[] }> {
    const token = await identityProvider.issue({ sub: 'audit-desk', scope: 'audit:read' });
    const lines: string[] = [];
    for (;;) {
      const page = await request(`/audit/records?after=${String(lines.length)}`, {
        headers: { Authorization: `Bearer ${token}` },
      });
      const text = await page.text();
      if (text === '') return { lines, records: lines.map((line) => JSON.parse(line) as RequestRecord) };
      lines.push(...text.trimEnd().split('\n'));
    }
  }

  return {
    ...{ url: platform.url, galileo, galileoUrl: standIns.galileoUrl, identityProvider, key, nextKey, request },
    lines: () => platform.lines(),
    trail: async () => (await readTrail()).records,
    async caller(claims = {}) {
      const subject = `someone-${randomUUID()}`;
      const token = await identityProvider.issue({ sub: subject, client_id: 'hr-portal', ...claims });
      const ask: ParityHarness['request'] = (path, init = {}) =>
        request(path, { ...init, headers: { Authorization: `Bearer ${token}`, ...(init.headers as object) } });
      return {
        subject,
        token,
        request: ask,
        invite: (body, { query = '', headers = {}, signal } = {}) =>
          ask(`/v2/invite_users${query}`, {
            method: 'POST',
            headers: { 'Content-Type': 'application/json', ...headers },
            body: typeof body === 'string' || body instanceof Uint8Array ? (body as BodyInit) : JSON.stringify(body),
            ...(signal === undefined ? {} : { signal }),
          }),
      };
    },
    async stop() {
      const { lines, records } = await readTrail();
      const log = [...platform.lines()];
      await platform.stop();
      await standIns.close();
      expect(verifyChain(lines)).toMatchObject({ kind: 'intact' });
      // With another GALILEO_API_URL nothing arrives at the stand-in.
      if (env['GALILEO_API_URL'] === undefined) checkTrail(galileo.received, records);
      // Each read of the trail was counted in the ledger before its answer.
      expect(log.filter((line) => line.includes('audit_read_unrecorded'))).toEqual([]);
      const leaks = log
        .filter((line) => !line.includes('"channel":"audit"'))
        .flatMap((line) => leaksOf(line, [key, nextKey, ...(galileo.account?.tokens ?? [])]));
      expect(leaks).toEqual([]);
    },
  };
}
