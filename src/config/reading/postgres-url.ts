/**
 * Reads the URL of a ledger in PostgreSQL. Only what is written here is read: parameters of other programs would change how
 * the server is checked. A password is refused, because a URL shows in lists of processes and settings. No problem quotes
 * the value.
 */
export interface PostgresPlace {
  readonly kind: 'postgres';
  /** A name, an address, or the folder of a Unix socket. */
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  /** Where the tables are in the database. */
  readonly schema: string;
  /** Whether the connection is encrypted and the server's certificate and name are checked. */
  readonly tls: boolean;
}

export const DEFAULT_LEDGER_SCHEMA = 'galileo_invite_ledger';
const FORM = 'must be written as postgres://user@host:5432/database';
const SCHEMA = /^[a-z_][a-z0-9_]{0,62}$/;
const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|\[::1\]|)$/i;
const SOCKET_FORM = 'postgres:///database?host=/run/postgresql&user=name';
/** As other programs write a server and its standbys. */
const SEVERAL_HOSTS = /^\s*[a-z]+:\/\/(?:[^/?#]*@)?[^/?#@]*,[^/?#@]*(?:[/?#]|$)/i;
const CONTROL = /\p{Cc}/u;
const KNOWN = new Set(['schema', 'sslmode', 'host', 'user']);

/** The problem as the second half of a sentence when it cannot be read. */
export function readPostgresUrl(text: string): PostgresPlace | string {
  const url = URL.parse(text.trim());
  if (SEVERAL_HOSTS.test(text)) return 'names several hosts: give one, a name that always leads to the primary';
  if (url === null) return FORM;
  const decoded = decode(url);
  if (decoded === null) return `${FORM}; %, spaces and the like are written as %25, %20`;
  const { database } = decoded;
  const user = decoded.user === '' ? (url.searchParams.get('user') ?? '') : decoded.user;
  if (url.password !== '') return 'has a password: put it into a file, and its path into LEDGER_PASSWORD_FILE';
  if (url.port === '0' || CONTROL.test(user + database)) return FORM;
  if (url.hostname.includes('%'))
    return `has a host that is no name and no address; a Unix socket is written as ${SOCKET_FORM}`;
  if (url.hash !== '') return 'has a fragment (#), which is not read here: write # as %23';
  if (new Set(url.searchParams.keys()).size < url.searchParams.size) return 'has a parameter twice';
  const unknown = [...url.searchParams.keys()].filter((name) => !KNOWN.has(name));
  if (unknown.length > 0) return 'has parameters that are not read here; there are schema, sslmode, host and user';
  // A URL without a host cannot name a user before it.
  const socket = url.searchParams.get('host');
  const isSocketUrl = socket !== null && socket.startsWith('/') && url.hostname === '';
  if (!isSocketUrl && (socket !== null || url.searchParams.has('user')))
    return `has parameters that are for a Unix socket alone; its form is ${SOCKET_FORM}`;
  if (user === '') return `names no user; ${FORM}`;
  if (database === '' || database.includes('/')) return `names no database; ${FORM}`;
  const schema = url.searchParams.get('schema') ?? DEFAULT_LEDGER_SCHEMA;
  if (!SCHEMA.test(schema) || schema.startsWith('pg_'))
    return 'has a schema that is no plain name: small letters, digits and _';
  if (socket === null && url.hostname === '') return `names no host; ${FORM}`;
  const isLocal = socket !== null || LOOPBACK.test(url.hostname);
  const mode = url.searchParams.get('sslmode') ?? (isLocal ? 'disable' : 'verify-full');
  if (mode !== 'disable' && mode !== 'verify-full')
    return 'has an sslmode that does not check who the server is; there are verify-full and disable';
  if (socket !== null && mode === 'verify-full') return 'has sslmode=verify-full for a Unix socket, which has no TLS';
  return {
    kind: 'postgres',
    host: socket ?? url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? 5432 : Number(url.port),
    database,
    user,
    schema,
    tls: mode === 'verify-full',
  };
}

/** The URL that is read as this place, for sentences and as an argument of a command. */
export function postgresUrlOf({ host, port, database, user, schema, tls }: PostgresPlace): string {
  const isSocket = host.startsWith('/');
  const isLocal = isSocket || LOOPBACK.test(host.includes(':') ? `[${host}]` : host);
  const parameters = new URLSearchParams({
    ...(isSocket ? { host, user } : {}),
    ...(schema === DEFAULT_LEDGER_SCHEMA ? {} : { schema }),
    ...(tls === isLocal ? { sslmode: tls ? 'verify-full' : 'disable' } : {}),
  });
  const at = isSocket
    ? ''
    : `${encodeURIComponent(user)}@${host.includes(':') ? `[${host}]` : host}${port === 5432 ? '' : `:${port}`}`;
  const query = parameters.size === 0 ? '' : `?${parameters.toString()}`;
  return `postgres://${at}/${encodeURIComponent(database)}${query}`;
}

function decode(url: URL): { readonly user: string; readonly database: string } | null {
  try {
    return { user: decodeURIComponent(url.username), database: decodeURIComponent(url.pathname.replace(/^\//, '')) };
  } catch {
    return null;
  }
}
