import { randomBytes } from 'node:crypto';

/**
 * The account of the stand-in Galileo that signs in with a user name and a password: HTTP Basic, or a token from
 * `POST /login`. After five refused attempts in a row it is locked, and refuses the right password, too.
 */
export interface AccountOptions {
  readonly username: string;
  readonly password: string;
}

export interface Account {
  /** How these header fields sign in; null: not at all. A wrong Basic password counts as an attempt. */
  schemeOf(headers: Readonly<Record<string, string>>): 'basic' | 'password' | null;
  /** Answers a login form. */
  login(form: string): { readonly status: 200 | 401 | 403 | 422; readonly body: object };
  /** Makes every token invalid that was given so far. */
  expireTokens(): void;
  /** Of tokens from now on; null: the token is no JWT and does not say it. */
  setLifetime(seconds: number | null): void;
  /** The password from now on. */
  setPassword(password: string): void;
  setClock(now: () => number): void;
  readonly isLocked: () => boolean;
  /** Every token that was given, in order. */
  readonly tokens: readonly string[];
}

const REFUSALS_UNTIL_LOCKED = 5;

export function createAccount(options: AccountOptions): Account {
  const { username } = options;
  let { password } = options;
  let refusals = 0;
  let lifetimeS: number | null = 24 * 60 * 60;
  let now: () => number = Date.now;
  const tokens: string[] = [];
  const valid = new Map<string, number>();

  function accepts(givenName: string, givenPassword: string): boolean {
    if (refusals >= REFUSALS_UNTIL_LOCKED) return false;
    const isRight = givenName === username && givenPassword === password;
    refusals = isRight ? 0 : refusals + 1;
    return isRight;
  }

  function createToken(): string {
    const signature = randomBytes(32).toString('base64url');
    if (lifetimeS === null) return `opaque-${signature}`;
    const issuedAt = Math.floor(now() / 1000);
    const claims = { sub: randomBytes(8).toString('hex'), iat: issuedAt, exp: issuedAt + lifetimeS };
    return [{ alg: 'HS256', typ: 'JWT' }, claims].map(encode).join('.') + `.${signature}`;
  }

  return {
    schemeOf({ authorization = '' }) {
      const [, scheme = '', value = ''] = /^(Basic|Bearer) (.+)$/.exec(authorization) ?? [];
      if (scheme === 'Bearer') return now() < (valid.get(value) ?? -Infinity) ? 'password' : null;
      if (scheme !== 'Basic') return null;
      const [name = '', ...rest] = Buffer.from(value, 'base64').toString().split(':');
      return accepts(name, rest.join(':')) ? 'basic' : null;
    },
    login(form) {
      const fields = new URLSearchParams(form);
      const [name, given] = [fields.get('username'), fields.get('password')];
      if (name === null || given === null)
        return { status: 422, body: { detail: [{ type: 'missing', loc: ['body'], msg: 'Field required' }] } };
      if (!accepts(name, given))
        return refusals >= REFUSALS_UNTIL_LOCKED
          ? { status: 403, body: { detail: 'This account is locked.' } }
          : { status: 401, body: { detail: 'Invalid login credentials' } };
      const token = createToken();
      tokens.push(token);
      valid.set(token, now() + (lifetimeS ?? 24 * 60 * 60) * 1000);
      return { status: 200, body: { access_token: token, token_type: 'bearer' } };
    },
    expireTokens: () => valid.clear(),
    setLifetime(seconds) {
      lifetimeS = seconds;
    },
    setPassword(next) {
      password = next;
      refusals = 0;
    },
    setClock(clock) {
      now = clock;
    },
    isLocked: () => refusals >= REFUSALS_UNTIL_LOCKED,
    tokens,
  };
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}
