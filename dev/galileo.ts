import { createHash } from 'node:crypto';
import type { AddressInfo } from 'node:net';

import { createAdaptorServer, type HttpBindings } from '@hono/node-server';
import { Hono, type Context } from 'hono';

import type { Account, AccountOptions } from './galileo-account.ts';
import { createAccount } from './galileo-account.ts';
import type { Groups } from './galileo-groups.ts';
import { createGroups } from './galileo-groups.ts';
import { readInvite } from './galileo-schema.ts';
import type { GalileoStep } from './galileo-steps.ts';
import { invites, magicStep, perform } from './galileo-steps.ts';
import { createUsers } from './galileo-users.ts';

/**
 * A stand-in Galileo for `npm start`, the demo and the tests. It answers according to the contract and refuses a wrong
 * key. A script (`script`), or the local part of a recipient's address, makes it fail on purpose:
 *   refuse@ 403 · invalid@ 422 list · limit@ 429 · break@ 500 · moved@ 307 · garbage@ 200 with HTML
 *   echo@ 403 that repeats the request's fields · slow@ answers after 30 s · hangup@ cut after the body was read
 *   lost@ invited, and cut before any byte of the answer
 * An invited person is a user from then on (`POST /v2/users/all`), even when the answer is lost. `GET /v2/current_user`
 * with a known key returns an admin, or follows `scriptCurrentUser`. An `account` may sign in instead of a key
 * (galileo-account.ts). Every request is kept byte for byte, for tests to compare. `src/` never imports it.
 */
export interface Galileo {
  readonly app: Hono<{ Bindings: Partial<HttpBindings> }>;
  /** For one request, in the order of the calls; or, with a recipient, for every request to it. */
  script(step: GalileoStep, recipient?: string): void;
  /** For every GET /v2/current_user from now on, with any key. */
  scriptCurrentUser(step: GalileoStep): void;
  /** For every POST /v2/users/all from now on; null: the real list of users. */
  scriptUsers(step: GalileoStep | null): void;
  /** For every POST /login from now on; null: the real account. */
  scriptLogin(step: GalileoStep | null): void;
  /** For every GET /v2/groups from now on; null: the real groups. */
  scriptGroups(step: GalileoStep | null): void;
  readonly groups: Omit<Groups, 'list'>;
  /** Null when only keys are accepted. */
  readonly account: Account | null;
  /** The clock for the creation times of users, and for tokens, from now on. */
  scriptClock(now: () => number): void;
  /** Creates or replaces a user. Null: the user's answer has no creation time. */
  createUser(email: string, createdAtMs: number | null): void;
  /** Resolves when this many requests have arrived, however they are answered. */
  arrived(count: number): Promise<void>;
  /** Every POST /v2/invite_users and GET /v2/current_user, in order, refused requests included. */
  readonly received: readonly Received[];
  /** Every POST /v2/users/all and GET /v2/groups. */
  readonly lookUps: readonly Received[];
  /** Every POST /login. */
  readonly logins: readonly Received[];
}

export interface Received {
  readonly method: string;
  /** With the query, unchanged. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly bytes: number;
  /** SHA-256 of the body's bytes, 64 hex digits. */
  readonly sha256: string;
  /** The index of the request's key in `apiKeys`; -1 for none of them. 0 when the account signed in. */
  readonly keyIndex: number;
  /** How the request signed in; null: not at all. */
  readonly scheme: 'api_key' | 'basic' | 'password' | null;
}

export interface GalileoOptions {
  readonly apiKeys: readonly string[];
  /** Who may sign in with a password. Left out: only keys are accepted. */
  readonly account?: AccountOptions;
  /** One line per request, without addresses or keys. */
  readonly log?: (line: string) => void;
}

const KEY_HEADERS = ['galileo-api-key', 'splunk-ao-api-key'];

/** As documented at docs.galileo.ai/api-reference/users/current-user. */
export const CURRENT_USER = {
  id: '5f0c1c3e-8a0b-4d53-9f6a-0c8f0f6f4b21',
  permissions: [
    { action: 'update', allowed: true, message: null },
    { action: 'change_role_to_admin', allowed: false, message: 'You cannot change your own role.' },
  ],
  email: 'service-account@example.com',
  first_name: 'Service',
  last_name: 'Account',
  auth_method: 'email',
  role: 'admin',
  email_is_verified: true,
  organization_id: '0d4c6a1e-1c53-4f1e-9a57-2f5c1f5f7f10',
  organization_name: 'Example',
  created_at: '2026-01-05T09:00:00.000000Z',
  updated_at: '2026-01-05T09:00:00.000000Z',
  generic_permissions: [],
};

export function createGalileo({ apiKeys, account: options, log = () => {} }: GalileoOptions): Galileo {
  const app: Galileo['app'] = new Hono();
  const received: Received[] = [];
  const scripted: GalileoStep[] = [];
  const byRecipient = new Map<string, GalileoStep>();
  const users = createUsers();
  const lookUps: Received[] = [];
  const logins: Received[] = [];
  const account = options === undefined ? null : createAccount(options);
  const groups = createGroups();
  let currentUser: GalileoStep | null = null;
  let userList: GalileoStep | null = null;
  let loginStep: GalileoStep | null = null;
  let groupList: GalileoStep | null = null;
  let arrival = Promise.withResolvers<void>();

  app.post('/v2/invite_users', async (c) => {
    const [next] = scripted;
    if (next?.kind === 'hangup' && next.when === 'before_body') {
      keep(c, new Uint8Array(), received);
      scripted.shift();
      return perform(c, next);
    }
    const entry = keep(c, new Uint8Array(await c.req.arrayBuffer()), received);
    const response = await answer(c, entry);
    log(
      `galileo: POST ${entry.path} ${entry.bytes} bytes sha256 ${entry.sha256.slice(0, 12)} key ${entry.keyIndex} -> ${response.status}`,
    );
    return response;
  });
  app.get('/v2/current_user', async (c) => {
    const entry = keep(c, new Uint8Array(), received);
    if (currentUser !== null) return await perform(c, currentUser);
    return entry.keyIndex < 0 ? c.json({ detail: 'Invalid credentials' }, 401) : c.json(CURRENT_USER);
  });
  app.post('/v2/users/all', async (c) => {
    const entry = keep(c, new Uint8Array(await c.req.arrayBuffer()), lookUps);
    if (userList !== null) return await perform(c, userList);
    if (entry.keyIndex < 0) return c.json({ detail: 'Invalid credentials' }, 401);
    const { status, body } = users.list(c.req.query(), entry.body);
    return c.json(body, status);
  });
  app.post('/login', async (c) => {
    const entry = keep(c, new Uint8Array(await c.req.arrayBuffer()), logins);
    if (loginStep !== null) return await perform(c, loginStep);
    if (account === null) return c.json({ detail: 'Invalid login credentials' }, 401);
    const { status, body } = account.login(entry.body);
    log(`galileo: POST /login -> ${status}`);
    return c.json(body, status);
  });
  app.get('/v2/groups', async (c) => {
    const entry = keep(c, new Uint8Array(), lookUps);
    if (groupList !== null) return await perform(c, groupList);
    return entry.keyIndex < 0 ? c.json({ detail: 'Invalid credentials' }, 401) : c.json(groups.list(c.req.query()));
  });
  app.all('/v2/current_user', (c) => c.json({ detail: 'Method Not Allowed' }, 405, { allow: 'GET' }));
  app.all('/v2/invite_users', (c) => c.json({ detail: 'Method Not Allowed' }, 405, { allow: 'POST' }));
  app.notFound((c) => c.json({ detail: 'Not Found' }, 404));

  return {
    app,
    received,
    lookUps,
    logins,
    account,
    groups,
    async arrived(count) {
      while (received.length < count) await arrival.promise;
    },
    script(step, recipient) {
      if (recipient === undefined) scripted.push(step);
      else byRecipient.set(recipient, step);
    },
    scriptCurrentUser(step) {
      currentUser = step;
    },
    scriptUsers(step) {
      userList = step;
    },
    scriptLogin(step) {
      loginStep = step;
    },
    scriptGroups(step) {
      groupList = step;
    },
    scriptClock(now) {
      users.setClock(now);
      account?.setClock(now);
    },
    createUser: users.create,
  };

  function keep(c: Context, bytes: Uint8Array, kept: Received[]): Received {
    const { pathname, search } = new URL(c.req.url);
    const headers = c.req.header();
    const key = KEY_HEADERS.map((name) => headers[name]).find((value) => value !== undefined);
    const index = key === undefined ? -1 : apiKeys.indexOf(key);
    const scheme = index >= 0 ? 'api_key' : (account?.schemeOf(headers) ?? null);
    const entry: Received = {
      method: c.req.method,
      path: pathname + search,
      headers,
      body: new TextDecoder().decode(bytes),
      bytes: bytes.byteLength,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      keyIndex: scheme === null ? -1 : Math.max(0, index),
      scheme,
    };
    kept.push(entry);
    arrival.resolve();
    arrival = Promise.withResolvers();
    return entry;
  }

  async function answer(c: Context, entry: Received): Promise<Response> {
    const step = scripted.shift();
    const read = readInvite(entry.headers['content-type'], entry.body);
    const emails = read.kind === 'invite' ? read.invite.emails : [];
    if (step !== undefined) return act(c, step, emails);
    if (entry.keyIndex < 0) return c.json({ detail: 'Invalid credentials' }, 401);
    if (read.kind === 'invalid') return c.json({ detail: read.detail }, 422);
    const magic = emails.map((email) => byRecipient.get(email) ?? magicStep(email)).find((one) => one !== undefined);
    return act(c, magic ?? { kind: 'answer', status: 200, body: { invited: emails.length } }, emails);
  }

  /** Creates the users before it answers, because a late or lost answer does not undo the invite. */
  async function act(c: Context, step: GalileoStep, emails: readonly string[]): Promise<Response> {
    if (invites(step)) users.invite(emails);
    return perform(c, step);
  }
}

export interface ServedGalileo extends Galileo {
  /** Without a trailing slash, as GALILEO_API_URL needs it. */
  readonly url: string;
  close(): Promise<void>;
}

/** Serves a stand-in on loopback; port 0 takes a free one. */
export async function serveGalileo({
  port,
  ...options
}: GalileoOptions & { readonly port: number }): Promise<ServedGalileo> {
  const galileo = createGalileo(options);
  const server = createAdaptorServer({ fetch: galileo.app.fetch });
  await new Promise<void>((listening, failed) => {
    server.once('error', failed);
    server.listen(port, '127.0.0.1', listening);
  });
  const { port: actual } = server.address() as AddressInfo;
  return {
    ...galileo,
    url: `http://127.0.0.1:${actual}`,
    close: () =>
      new Promise((closed, failed) => {
        server.close((error) => (error === undefined ? closed() : failed(error)));
        if ('closeAllConnections' in server) server.closeAllConnections();
      }),
  };
}
