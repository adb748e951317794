/**
 * Prints an access token of the local stand-in identity provider: `node dev/token.ts [CLIENT]` with a client's own
 * credentials, `node dev/token.ts --user ann` with a sign-in of that person to the page hr-portal. `npm run token` is
 * the same. The provider is the one of `npm start` with the same PORT, or `--issuer URL`. Nothing but the token goes to
 * stdout.
 */
import { parseArgs } from 'node:util';
import { localPorts } from './local-start/local-ports.ts';
import { DEMO_CLIENTS } from './sign-in/demo-clients.ts';
import { PEOPLE } from './sign-in/people.ts';
import { fetchAppToken, fetchUserToken } from './sign-in/fetch-token.ts';

const PAGE_CLIENT = 'hr-portal';

/** What to print, or the reason why there is no token. */
async function token(): Promise<string> {
  const { values, positionals } = parseArgs({
    options: { user: { type: 'string' }, issuer: { type: 'string' } },
    allowPositionals: true,
  });
  const issuer = values.issuer ?? `http://127.0.0.1:${localPorts(process.env).identityProvider}`;
  const [client = PAGE_CLIENT, ...more] = positionals;
  if (more.length > 0) throw new Error('one client is enough');
  if (Object.hasOwn(PEOPLE, client)) throw new Error(`${client} is a person: --user ${client}`);
  if (!Object.hasOwn(DEMO_CLIENTS, client)) throw new Error(`the clients are ${Object.keys(DEMO_CLIENTS).join(', ')}`);
  if (values.user === undefined) return await fetchAppToken(issuer, client);
  if (!Object.hasOwn(PEOPLE, values.user)) throw new Error(`the people are ${Object.keys(PEOPLE).join(', ')}`);
  return await fetchUserToken(issuer, client, values.user);
}

try {
  process.stdout.write(`${await token()}\n`);
} catch (error) {
  process.stderr.write(`no token: ${error instanceof Error ? error.message : 'unknown problem'}\n`);
  process.exitCode = 1;
}
