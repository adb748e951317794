import { Secret } from '../secret.ts';

/**
 * The address of an egress proxy, as HTTPS_PROXY holds it: `http://host:port`, `https://host:port` (TLS to the proxy
 * itself) or `host:port`, which means http, each with `user:password@` before the host or without. The credentials
 * become a Secret here and have no other form. Invariant: no problem quotes the text.
 */
export interface ProxyAddress {
  /** How the proxy itself is spoken to. */
  readonly protocol: 'http:' | 'https:';
  /** As the URL parser writes it: lower-case, IPv6 in brackets. */
  readonly hostname: string;
  readonly port: number;
  /** The value of Proxy-Authorization (RFC 7617); null when the address has no credentials. */
  readonly authorization: Secret | null;
}

export type ReadProxyAddress =
  | { readonly kind: 'read'; readonly proxy: ProxyAddress }
  /** A predicate of the setting's name. */
  | { readonly kind: 'unfit'; readonly problem: string };

const FORM =
  'must be http://host:port, or http://user:password@host:port with special characters percent-encoded ' +
  '(@ is %40, : is %3A, / is %2F, # is %23, % is %25)';

const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 };

const NO_PROXY_WORD = /^(?:none|direct(?::\/\/)?|false|off|no|0|disabled?|null|undefined)$/i;
/**
 * `${NAME}` anywhere; `$NAME` and `%NAME%` only as the whole user, password, host or port, because a password may have
 * these characters. What begins as a percent-encoded character is none.
 */
const VARIABLE = /\$\{\w+\}|(?<=^|\/\/|[:@])(?:\$[A-Z_][A-Z0-9_]+|%(?![0-9A-Fa-f]{2})[A-Za-z_]\w*%)(?=[:@/]|$)/;

export function readProxyAddress(text: string): ReadProxyAddress {
  if (NO_PROXY_WORD.test(text)) return unfit('is a word and not the address of a proxy; leave it empty for no proxy');
  if (VARIABLE.test(text)) {
    return unfit('holds a variable that nothing has replaced; write %24 for a $ and %25 for a % that is meant');
  }
  if (/\\/.test(text))
    return unfit('holds a backslash: write %5C for it, as in http://DOMAIN%5Cuser:password@host:port');
  if (/[\s\p{Cc}]/u.test(text)) return unfit('holds a blank, a line end or a control character');
  if (/^["']|["']$/.test(text)) return unfit('has quotation marks around it; remove them');
  const [scheme = ''] = /^[a-z][a-z0-9+.-]*:(?=\/\/)/i.exec(text) ?? [];
  if (/^socks/i.test(scheme)) {
    return unfit('names a SOCKS proxy, which this service does not speak; name an HTTP proxy that allows CONNECT');
  }
  if (scheme !== '' && !/^https?:$/i.test(scheme)) return unfit(FORM);
  const url = URL.parse(scheme === '' ? `http://${text}` : text);
  const defaultPort = DEFAULT_PORTS[url?.protocol ?? ''];
  if (url === null || defaultPort === undefined || url.port === '0') return unfit(FORM);
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '' || /[?#]/.test(text)) {
    return unfit(`has a path, a query or a fragment; it ${FORM}`);
  }
  const user = decode(url.username);
  const password = decode(url.password);
  if (user === null || password === null) {
    return unfit('has a user or password with a % that begins no percent-encoded character; write %25 for it');
  }
  if (user.includes(':')) return unfit('has a user with a colon, which Basic authentication cannot carry');
  if (/\p{Cc}/u.test(user + password)) return unfit('has a user or password with a control character');
  return {
    kind: 'read',
    proxy: {
      protocol: url.protocol === 'https:' ? 'https:' : 'http:',
      hostname: url.hostname,
      port: url.port === '' ? defaultPort : Number(url.port),
      authorization: user === '' && password === '' ? null : basic(user, password),
    },
  };
}

/** `host:port`, for people: without the credentials. */
export function proxyName({ hostname, port }: Pick<ProxyAddress, 'hostname' | 'port'>): string {
  return `${hostname}:${String(port)}`;
}

/** The part of the setting's text that may be printed; a text that cannot be read has none. */
export function shownProxyAddress(text: string): string {
  const read = readProxyAddress(text);
  if (read.kind === 'unfit') return '';
  const { proxy } = read;
  return `${proxy.protocol}//${proxy.authorization === null ? '' : '[credentials]@'}${proxyName(proxy)}`;
}

/**
 * The password in the text of such a setting, as it is written and as it is sent. It needs no valid address: an invalid
 * one is likely to have a password in the wrong place.
 */
export function passwordsIn(text: string): readonly string[] {
  const [, written = ''] = /^(?:[a-z][a-z0-9+.-]*:\/\/)?[^:@]*:(.+)@/is.exec(text) ?? [];
  return written === '' ? [] : [...new Set([written, decode(written) ?? written])];
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

function basic(user: string, password: string): Secret {
  const bytes = new TextEncoder().encode(`${user}:${password}`);
  return new Secret(`Basic ${btoa(String.fromCharCode(...bytes))}`);
}

function unfit(problem: string): ReadProxyAddress {
  return { kind: 'unfit', problem };
}
