/**
 * Galileo's own npm client (`galileo`), pointed at this service. It has no call for invitations, so the test uses its
 * request layer, which all its calls use: `makeRequest` and `makeRequestRaw` of GalileoApiClient, with the token of a
 * caller in place of Galileo's. Its sign-in is not used: the service has no login.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { expectOutsideClients, requireOutside } from './outside-clients.ts';
import { startRunning } from '../running.ts';

type Body = Readonly<Record<string, unknown>>;
type Fields = Readonly<Record<string, string>>;
type Request<Answer> = (method: string, path: string, body?: Body, query?: Body, fields?: Fields) => Promise<Answer>;

/** The part of the package that the test uses. `apiUrl` is protected in its types. */
interface GalileoClient {
  apiUrl: string;
  token: string;
  /** The body of a success; throws an Error with the sentence of a refusal. */
  readonly makeRequest: Request<unknown>;
  /** Axios's answer; throws Axios's error with the whole answer of a refusal. */
  readonly makeRequestRaw: Request<{ readonly status: number; readonly headers: Fields; readonly data: unknown }>;
  init(): Promise<void>;
}

interface GalileoPackage {
  readonly GalileoApiClient: new () => GalileoClient;
  readonly GalileoConfig: { get(config: Fields): unknown; reset(): void };
}

const POLICY = `
version: 1
callers:
  hr-portal: { issuer: dev, client_id: [hr-portal] }
rules:
  - { id: hr-staff, allow: [hr-portal], domains: [acme.com], roles: any, auth_methods: any }
quotas:
  - { id: app-month, per: client_id, window: 31d, emails: 6 }
`;

const INVITE = 'v2/invite_users';
const KEY = { 'Idempotency-Key': 'a-key-of-the-caller-1' };
const to = (...emails: readonly string[]) => ({ auth_method: 'okta', emails });

async function startClient(): Promise<{ readonly client: GalileoClient; readonly url: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'vendor-client-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'policy.yaml'), POLICY);
  const running = await startRunning({ POLICY_FILE: join(folder, 'policy.yaml') });
  const { GalileoApiClient } = requireOutside('galileo') as GalileoPackage;
  const client = new GalileoApiClient();
  const url = `http://127.0.0.1:${running.port}`;
  client.apiUrl = `${url}/`;
  client.token = await running.token();
  return { client, url };
}

beforeAll(expectOutsideClients);

describe("Galileo's own client", () => {
  it("invites, reads Galileo's answer and the header fields, and gets the same answer for a repeated key", async () => {
    const { client } = await startClient();
    expect(await client.makeRequest('POST', INVITE, to('ann@acme.com', 'bob@acme.com'))).toEqual({ invited: 2 });
    const first = await client.makeRequestRaw('POST', INVITE, to('cat@acme.com'), undefined, KEY);
    expect(first).toMatchObject({
      status: 200,
      data: { invited: 1 },
      headers: { ratelimit: expect.stringContaining('r=3') },
    });
    const again = await client.makeRequestRaw('POST', INVITE, to('cat@acme.com'), undefined, KEY);
    expect(again).toMatchObject({ status: 200, data: { invited: 1 }, headers: { 'idempotency-replayed': 'true' } });
  });

  it('asks for a verdict, its rights and what became of a request', async () => {
    const { client } = await startClient();
    const verdict = await client.makeRequest('POST', INVITE, to('eve@rival.io'), { dry_run: true });
    expect(verdict).toMatchObject({ dry_run: true, decision: 'deny' });
    expect(await client.makeRequest('GET', 'v2/invite_policy')).toMatchObject({ rules: [{ id: 'hr-staff' }] });
    const { headers } = await client.makeRequestRaw('POST', INVITE, to('ann@acme.com'));
    const found = await client.makeRequest('GET', `v2/invite_requests/${headers['x-request-id']}`);
    expect(found).toMatchObject({ state: 'accepted' });
  });

  it('says of every refusal what the service says, with the status', async () => {
    const { client } = await startClient();
    const refusals: readonly (readonly [asked: Body, status: number, sentence: string])[] = [
      [to('eve@rival.io'), 403, 'Nothing was sent. eve@rival.io: no rule lets you invite this address.'],
      // Of a list of errors it reads the first one.
      [to('not an address', 'ann@acme.com', 'ann@acme.com'), 422, 'Value error, no at sign'],
      [to('refuse@acme.com'), 403, 'Inviting this person is not permitted.'],
      [to('invalid@acme.com'), 422, 'emails, entry 1: value is not a valid email address'],
      [to('limit@acme.com'), 429, 'Galileo asked for fewer requests. Nothing was done. Try again in 30 s.'],
      [
        to('hangup@acme.com'),
        504,
        'The connection to Galileo broke before its answer came. The invitation may or may not',
      ],
      [to('break@acme.com'), 502, 'Galileo answered with an error (status 500).'],
      [
        to('a@acme.com', 'b@acme.com', 'c@acme.com', 'd@acme.com', 'e@acme.com'),
        429,
        'Nothing was sent: the request has 5 addresses, and 4 are left',
      ],
    ];
    for (const [asked, status, sentence] of refusals) {
      await expect(client.makeRequest('POST', INVITE, asked)).rejects.toThrow(
        `non-ok status code ${status} with output: ${sentence}`,
      );
    }
    client.token = '';
    await expect(client.makeRequest('POST', INVITE, to('ann@acme.com'))).rejects.toThrow(
      'status code 401 with output: You are not signed in',
    );
  });

  it('has the whole problem and its header fields in the error of its raw request', async () => {
    const { client } = await startClient();
    await expect(client.makeRequestRaw('POST', INVITE, to('eve@rival.io'))).rejects.toMatchObject({
      response: {
        status: 403,
        data: { code: 'policy_denied', decisions: [{ email: 'eve@rival.io', because: ['no-rule'] }] },
      },
    });
    await expect(client.makeRequestRaw('POST', INVITE, to('limit@acme.com'))).rejects.toMatchObject({
      response: {
        status: 429,
        headers: { 'retry-after': '30' },
        data: { code: 'upstream_rate_limited', outcome: 'not_sent' },
      },
    });
    await expect(client.makeRequestRaw('POST', INVITE, to('hangup@acme.com'))).rejects.toMatchObject({
      response: { status: 504, data: { code: 'outcome_unknown', outcome: 'unknown' } },
    });
  });

  it('cannot sign in here with a key of Galileo, and says that there is no such route', async () => {
    const { url } = await startClient();
    const { GalileoApiClient, GalileoConfig } = requireOutside('galileo') as GalileoPackage;
    GalileoConfig.get({ apiUrl: url, apiKey: 'a-key-of-galileo-0123' });
    onTestFinished(() => GalileoConfig.reset());
    await expect(new GalileoApiClient().init()).rejects.toThrow(
      'status code 404 with output: There is nothing here by that name',
    );
  });
});
