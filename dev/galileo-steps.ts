import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';

/**
 * The scripted behaviours of the stand-in Galileo: each step says how one request is answered, and `perform` does it.
 * This file does not read invites. It only knows which steps count as having sent one.
 */
export type GalileoStep =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      /** Text and bytes are sent unchanged; anything else is sent as JSON. */
      readonly body?: unknown;
      /** The answer is sent when this resolves. */
      readonly after?: Promise<unknown>;
    }
  /** Repeats the request's header fields, and so the key, in an answer of the given shape. */
  | { readonly kind: 'echo'; readonly status: number; readonly shape: EchoShape }
  | { readonly kind: 'slow'; readonly delayMs: number }
  /** Cuts the connection. Needs a real socket. */
  | { readonly kind: 'hangup'; readonly when: 'before_body' | 'after_body' | 'after_inviting' | 'mid_answer' };

export type EchoShape = 'detail_list' | 'detail_string' | 'standard_error' | 'text' | 'success' | 'header';

interface Misbehaviour {
  /** What a caller of the stand-in sees, in a few words. */
  readonly does: string;
  readonly step: GalileoStep;
}

/** By the local part of a recipient's address; `slow+anything@` is `slow@`. Any other address is invited. */
export const MISBEHAVIOURS: Readonly<Record<string, Misbehaviour>> = {
  refuse: {
    does: 'refuses with a 403',
    step: { kind: 'answer', status: 403, body: { detail: 'Inviting this person is not permitted.' } },
  },
  invalid: {
    does: 'refuses with a 422',
    step: {
      kind: 'answer',
      status: 422,
      body: {
        detail: [
          { type: 'value_error', loc: ['body', 'emails', 0], msg: 'value is not a valid email address', input: 'x' },
        ],
      },
    },
  },
  limit: {
    does: 'is rate limited: 429 with Retry-After',
    step: { kind: 'answer', status: 429, headers: { 'retry-after': '30' }, body: { detail: 'Too many requests' } },
  },
  break: {
    does: 'fails with a 500',
    step: { kind: 'answer', status: 500, headers: { 'content-type': 'text/plain' }, body: 'Internal Server Error' },
  },
  moved: {
    does: 'redirects',
    step: { kind: 'answer', status: 307, headers: { location: '/v2/invite_users/' }, body: '' },
  },
  garbage: {
    does: 'answers 200 with HTML',
    step: { kind: 'answer', status: 200, headers: { 'content-type': 'text/html' }, body: '<h1>Back soon</h1>' },
  },
  echo: {
    does: 'refuses and repeats the key, which is withheld',
    step: { kind: 'echo', status: 403, shape: 'detail_string' },
  },
  slow: { does: 'invites, and answers after 30 s', step: { kind: 'slow', delayMs: 30_000 } },
  hangup: { does: 'hangs up and sends no invitation', step: { kind: 'hangup', when: 'after_body' } },
  lost: { does: 'invites, and hangs up', step: { kind: 'hangup', when: 'after_inviting' } },
};

/** The step for this address; undefined for an ordinary address. */
export function magicStep(email: string): GalileoStep | undefined {
  const name = localPart(email);
  return Object.hasOwn(MISBEHAVIOURS, name) ? MISBEHAVIOURS[name]?.step : undefined;
}

function localPart(email: string): string {
  return (email.split('@')[0] ?? '').split('+')[0]?.toLowerCase() ?? '';
}

/** Whether a step means that the request was carried out, whether or not the sender gets an answer. */
export function invites(step: GalileoStep): boolean {
  switch (step.kind) {
    case 'answer':
    case 'echo':
      return step.status >= 200 && step.status <= 299;
    case 'slow':
      return true;
    case 'hangup':
      return step.when === 'after_inviting' || step.when === 'mid_answer';
  }
}

export async function perform(c: Context, step: GalileoStep): Promise<Response> {
  switch (step.kind) {
    case 'answer':
      await step.after;
      return toResponse(step.status, step.headers ?? {}, step.body ?? {});
    case 'echo':
      return echo(step.status, step.shape, c.req.header());
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

function echo(status: number, shape: EchoShape, headers: Readonly<Record<string, string>>): Response {
  const said = JSON.stringify(headers);
  const bodies: Readonly<Record<EchoShape, unknown>> = {
    detail_list: { detail: [{ type: 'value_error', loc: ['header'], msg: said, input: headers }] },
    detail_string: { detail: said },
    standard_error: { standard_error: { message: said } },
    text: said,
    success: { headers },
    header: {},
  };
  return toResponse(
    status,
    shape === 'header' ? { 'content-type': `application/json; echo=${said}` } : {},
    bodies[shape],
  );
}

/** Throws when there is no socket to cut, as with `app.request()`. */
async function hangUp(c: Context, { when }: Extract<GalileoStep, { kind: 'hangup' }>): Promise<Response> {
  const { outgoing } = c.env as Partial<HttpBindings>;
  const socket = outgoing?.socket;
  if (outgoing === undefined || socket === undefined || socket === null)
    throw new Error('hanging up needs a real connection');
  if (when === 'mid_answer') {
    outgoing.writeHead(200, { 'content-type': 'application/json', 'content-length': '64' });
    await new Promise<void>((written) => outgoing.write('{"invited":', () => written()));
  }
  socket.destroy();
  // There is no connection to answer on, so the handler never ends.
  return await new Promise<never>(() => undefined);
}

/** Resolves early when the client disconnects. */
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
