import { createHash } from 'node:crypto';
import type { AddressInfo } from 'node:net';

import { createAdaptorServer, type HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { Hono, type Context } from 'hono';

import { readInvite } from './galileo-schema.ts';

/**
 * A stand-in Galileo for `npm start`, the demo and the tests: answers as the contract says, refuses a wrong key, and
 * does worse when told to. Told by a script (`script`), or by the local part of any recipient's address:
 *   refuse@ 403 · invalid@ 422 list · limit@ 429 · break@ 500 · moved@ 307 · garbage@ 200 with HTML
 *   echo@ 403 that repeats the request's fields · slow@ answers after 30 s · hangup@ cut after the body was read
 * Whoever asks `GET /v2/current_user` with a known key is an admin, or what `scriptCurrentUser` says.
 * It keeps what arrived, byte for byte, for tests to compare. `src/` never imports it.
 */
export interface Galileo {
  readonly app: Hono<{ Bindings: Partial<HttpBindings> }>;
  /** For the next request nobody else has a script for, or each time for one recipient. */
  script(step: GalileoStep, recipient?: string): void;
  /** For every GET /v2/current_user from now on, whatever key comes. */
  scriptCurrentUser(step: GalileoStep): void;
  /** Everything that arrived at all, in order, refused requests too. */
  readonly received: readonly Received[];
}

export interface Received {
  readonly method: string;
  /** With the query, as it came. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly bytes: number;
  /** Of the body's bytes; 64 hex digits. */
  readonly sha256: string;
  /** Which of `apiKeys` came; -1 for none of them. */
  readonly keyIndex: number;
}

export type GalileoStep =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      /** Text and bytes as they are; anything else as JSON. */
      readonly body?: unknown;
      /** The answer waits for this. */
      readonly after?: Promise<unknown>;
    }
  /** Repeats the request's fields, and so the key, in an error of the given shape. */
  | { readonly kind: 'echo'; readonly status: number; readonly shape: EchoShape }
  | { readonly kind: 'slow'; readonly delayMs: number }
  /** Cuts the connection; needs a real one. */
  | { readonly kind: 'hangup'; readonly when: 'before_body' | 'after_body' | 'mid_answer' };

export type EchoShape = 'detail_list' | 'detail_string' | 'standard_error' | 'text' | 'success' | 'header';

export interface GalileoOptions {
  readonly apiKeys: readonly string[];
  /** One line per request, without addresses or keys. */
  readonly log?: (line: string) => void;
}

const KEY_HEADERS = ['galileo-api-key', 'splunk-ao-api-key'];

const MAGIC: ReadonlyMap<string, GalileoStep> = new Map(
  Object.entries<GalileoStep>({
    refuse: { kind: 'answer', status: 403, body: { detail: 'Inviting this person is not permitted.' } },
    invalid: {
      kind: 'answer',
      status: 422,
      body: {
        detail: [
          { type: 'value_error', loc: ['body', 'emails', 0], msg: 'value is not a valid email address', input: 'x' },
        ],
      },
    },
    limit: { kind: 'answer', status: 429, headers: { 'retry-after': '30' }, body: { detail: 'Too many requests' } },
    break: { kind: 'answer', status: 500, headers: { 'content-type': 'text/plain' }, body: 'Internal Server Error' },
    moved: { kind: 'answer', status: 307, headers: { location: '/v2/invite_users/' }, body: '' },
    garbage: { kind: 'answer', status: 200, headers: { 'content-type': 'text/html' }, body: '<h1>Back soon</h1>' },
    echo: { kind: 'echo', status: 403, shape: 'detail_string' },
    slow: { kind: 'slow', delayMs: 30_000 },
    hangup: { kind: 'hangup', when: 'after_body' },
  }),
);

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

export function createGalileo({ apiKeys, log = () => {} }: GalileoOptions): Galileo {
  const app: Galileo['app'] = new Hono();
  const received: Received[] = [];
  const scripted: GalileoStep[] = [];
  const byRecipient = new Map<string, GalileoStep>();
  let currentUser: GalileoStep | null = null;

  app.post('/v2/invite_users', async (c) => {
    if (scripted[0]?.kind === 'hangup' && scripted[0].when === 'before_body') {
      keep(c, new Uint8Array());
      return hangUp(c, scripted.shift());
    }
    const bytes = new Uint8Array(await c.req.arrayBuffer());
    const entry = keep(c, bytes);
    const response = await answer(c, entry);
    log(
      `galileo: POST ${entry.path} ${entry.bytes} bytes sha256 ${entry.sha256.slice(0, 12)} key ${entry.keyIndex} -> ${response.status}`,
    );
    return response;
  });
  app.get('/v2/current_user', async (c) => {
    const entry = keep(c, new Uint8Array());
    if (currentUser !== null) return await perform(c, entry, currentUser);
    return entry.keyIndex < 0 ? c.json({ detail: 'Invalid credentials' }, 401) : c.json(CURRENT_USER);
  });
  app.all('/v2/current_user', (c) => c.json({ detail: 'Method Not Allowed' }, 405, { allow: 'GET' }));
  app.all('/v2/invite_users', (c) => c.json({ detail: 'Method Not Allowed' }, 405, { allow: 'POST' }));
  app.notFound((c) => c.json({ detail: 'Not Found' }, 404));

  return {
    app,
    received,
    script(step, recipient) {
      if (recipient === undefined) scripted.push(step);
      else byRecipient.set(recipient, step);
    },
    scriptCurrentUser(step) {
      currentUser = step;
    },
  };

  function keep(c: Context, bytes: Uint8Array): Received {
    const { pathname, search } = new URL(c.req.url);
    const headers = c.req.header();
    const key = KEY_HEADERS.map((name) => headers[name]).find((value) => value !== undefined);
    const entry: Received = {
      method: c.req.method,
      path: pathname + search,
      headers,
      body: new TextDecoder().decode(bytes),
      bytes: bytes.byteLength,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      keyIndex: key === undefined ? -1 : apiKeys.indexOf(key),
    };
    received.push(entry);
    return entry;
  }

  async function answer(c: Context, entry: Received): Promise<Response> {
    const step = scripted.shift();
    if (step !== undefined) return perform(c, entry, step);
    if (entry.keyIndex < 0) return c.json({ detail: 'Invalid credentials' }, 401);
    const read = readInvite(entry.headers['content-type'], entry.body);
    if (read.kind === 'invalid') return c.json({ detail: read.detail }, 422);
    const told = read.invite.emails
      .map((email) => byRecipient.get(email) ?? MAGIC.get(localPart(email)))
      .find((one) => one !== undefined);
    return told === undefined ? c.json({ invited: read.invite.emails.length }) : perform(c, entry, told);
  }
}

async function perform(c: Context, entry: Received, step: GalileoStep): Promise<Response> {
  switch (step.kind) {
    case 'answer':
      await step.after;
      return toResponse(step.status, step.headers ?? {}, step.body ?? {});
    case 'echo':
      return echo(step.status, step.shape, entry);
    case 'slow':
      await delay(step.delayMs, c.req.raw.signal);
      return c.json({ invited: 'late' });
    case 'hangup':
      return hangUp(c, step);
  }
}

function toResponse(status: number, headers: Readonly<Record<string, string>>, body: unknown): Response {
  const raw = typeof body === 'string' || body instanceof Uint8Array;
  const bodiless = status === 204 || status === 205 || status === 304;
  const content = raw ? (body as BodyInit) : JSON.stringify(body);
  return new Response(bodiless ? null : content, {
    status,
    headers: { 'content-type': 'application/json', ...headers },
  });
}

function echo(status: number, shape: EchoShape, entry: Received): Response {
  const said = JSON.stringify(entry.headers);
  const bodies: Readonly<Record<EchoShape, unknown>> = {
    detail_list: { detail: [{ type: 'value_error', loc: ['header'], msg: said, input: entry.headers }] },
    detail_string: { detail: said },
    standard_error: { standard_error: { message: said } },
    text: said,
    success: { headers: entry.headers },
    header: {},
  };
  return toResponse(
    status,
    shape === 'header' ? { 'content-type': `application/json; echo=${said}` } : {},
    bodies[shape],
  );
}

/** Throws when there is no connection to cut, as under `app.request()`. */
async function hangUp(c: Context, step: GalileoStep | undefined): Promise<Response> {
  const { outgoing } = c.env as Partial<HttpBindings>;
  const socket = outgoing?.socket;
  if (outgoing === undefined || socket === undefined || socket === null)
    throw new Error('hanging up needs a real connection');
  if (step?.kind === 'hangup' && step.when === 'mid_answer') {
    outgoing.writeHead(200, { 'content-type': 'application/json', 'content-length': '64' });
    await new Promise<void>((written) => outgoing.write('{"invited":', () => written()));
  }
  socket.destroy();
  return RESPONSE_ALREADY_SENT;
}

function localPart(email: string): string {
  return (email.split('@')[0] ?? '').split('+')[0]?.toLowerCase() ?? '';
}

/** Ends early when the client has gone. */
function delay(ms: number, gone: AbortSignal): Promise<void> {
  return new Promise((done) => {
    const timer = setTimeout(done, ms);
    timer.unref();
    gone.addEventListener('abort', () => {
      clearTimeout(timer);
      done();
    });
  });
}

export interface ServedGalileo extends Galileo {
  /** Without a trailing slash: fit for GALILEO_API_URL. */
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
