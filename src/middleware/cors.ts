/**
 * CORS (Fetch standard) for an exact list of origins, compared byte for byte. There is no wildcard and no credentials
 * mode: callers send a token in a header field, so no ambient authority is involved. The one exception is the cookie of
 * Cloudflare Access; auth/token/credentials handles it. A preflight allows every request field that it names: the service
 * ignores unknown ones, and a page often has a script that adds fields of its own to trace requests. With INSECURE_DEV
 * pages of this machine are allowed, too, whatever their port: a developer's page has another one every day, and the
 * upstream is then on this machine as well (config/contradictions).
 */
import type { Context } from 'hono';
import { isLoopbackOrigin } from '../auth/issuers.ts';
import type { Deps } from '../deps.ts';
import { FIELD_NAME } from '../lib/http/header-fields.ts';
import type { AppEnv } from './app-env.ts';
import type { Step } from './in-order.ts';
import { addField, respond } from './answers/respond.ts';

/** The response fields that a browser would otherwise hide from scripts. */
const EXPOSED = [
  'Audit-Unreadable-Records',
  'Content-Location',
  'Idempotency-Replayed',
  'Policy-Digest',
  'Preference-Applied',
  'RateLimit',
  'RateLimit-Policy',
  'Retry-After',
  'WWW-Authenticate',
  'X-Request-Id',
].join(',');

/** The request fields that an answer depends on, beyond method and path. */
const VARY = 'Origin, Prefer';

/** The request fields of this service's own callers. */
const OWN_FIELDS = ['Authorization', 'Content-Type', 'Idempotency-Key', 'Prefer'];
const MAX_FIELDS = 64;
const MAX_AGE_S = '600';

export interface CorsOptions {
  /** Called for each request with an origin that is not allowed; not for the service's own origin. */
  readonly refused?: (origin: string) => void;
}

export type CorsSettings = Pick<Deps['settings'], 'corsOrigins' | 'insecureDev'>;

export function cors({ corsOrigins, insecureDev }: CorsSettings, { refused }: CorsOptions = {}): Step {
  const listed = new Set(corsOrigins);
  const allows = (origin: string): boolean => listed.has(origin) || (insecureDev && isLoopbackOrigin(origin));
  return function cors(c) {
    const origin = c.req.header('Origin');
    const isAllowed = origin !== undefined && allows(origin);
    addField(c, 'Access-Control-Expose-Headers', EXPOSED);
    addField(c, 'Vary', VARY);
    if (isAllowed) addField(c, 'Access-Control-Allow-Origin', origin);
    else if (origin !== undefined && !isOwn(c, origin)) refused?.(origin);
    // An OPTIONS request is a preflight only with this field. The routes answer every other one.
    const isPreflight = c.req.method === 'OPTIONS' && c.req.header('Access-Control-Request-Method') !== undefined;
    return isPreflight ? preflight(c, isAllowed) : undefined;
  };
}

/** A page of the service itself sends its origin, too, and no browser asks for permission. */
function isOwn(c: Context<AppEnv>, origin: string): boolean {
  return origin.replace(/^https?:\/\//, '') === c.req.header('Host');
}

function preflight(c: Context<AppEnv>, isAllowed: boolean): Response {
  if (!isAllowed) return respond(c, null, 204);
  addField(c, 'Access-Control-Allow-Methods', 'GET,POST');
  addField(c, 'Access-Control-Allow-Headers', allowedFields(c.req.header('Access-Control-Request-Headers')));
  addField(c, 'Access-Control-Max-Age', MAX_AGE_S);
  // The operator has listed the origin, and with it the way from there to an address inside.
  if (c.req.header('Access-Control-Request-Private-Network') === 'true')
    addField(c, 'Access-Control-Allow-Private-Network', 'true');
  return respond(c, null, 204);
}

/** The fields that the preflight names, and the service's own beside them where there is room. */
function allowedFields(asked = ''): string {
  const named = new Set(
    asked
      .toLowerCase()
      .split(',')
      .map((name) => name.trim())
      .filter((name) => FIELD_NAME.test(name)),
  );
  const own = new Set(OWN_FIELDS.map((name) => name.toLowerCase()));
  const first = [...named].slice(0, MAX_FIELDS);
  const all = [...OWN_FIELDS, ...first.filter((name) => !own.has(name))];
  return (all.length <= MAX_FIELDS ? all : first).join(',');
}
