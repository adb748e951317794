/**
 * What looks wrong about GALILEO_API_URL, and what to write instead. Pure. Looks prove nothing: a gateway may have any
 * host and path. So doctor only adds this to what an answer proves (check-upstream.ts).
 */
export const API_ADDRESS =
  'Write the address of Galileo’s API into GALILEO_API_URL: https://api.galileo.ai, or the https://api.… of your own ' +
  'installation. It is not the address of the console, and it has no /v2.';

/** The remedy; null when the address looks like that of an API. */
export function suspectAddress(baseUrl: string): string | null {
  const url = URL.parse(baseUrl);
  if (url === null) return null;
  const { hostname, port, protocol, pathname } = url;
  const write = (host: string, path: string): string =>
    `Write GALILEO_API_URL=${protocol}//${host}${port === '' ? '' : `:${port}`}${path}.`;
  const api = apiHost(hostname);
  if (api !== null) return `This is the address of Galileo’s console, not of its API. ${write(api, '')}`;
  const path = /^(?<prefix>.*?)\/v2(?:\/.*)?$/.exec(pathname);
  if (path === null) return null;
  return `The address must not hold /v2, which this service adds itself. ${write(hostname, path.groups?.['prefix'] ?? '')}`;
}

/** Galileo's SDKs derive the name of the API from that of the console in this way. Null: not the name of a console. */
function apiHost(hostname: string): string | null {
  if (hostname === 'app.galileo.ai') return 'api.galileo.ai';
  const [first = '', ...rest] = hostname.split('.');
  return first.includes('console') ? [first.replace('console', 'api'), ...rest].join('.') : null;
}
