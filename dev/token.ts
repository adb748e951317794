/**
 * Prints an access token of the local stand-in identity provider: `node dev/token.ts [client]`, with the clients of
 * identity-provider.ts. For use at a terminal; tests call the provider directly.
 */
import { DEMO_CLIENTS } from './identity-provider.ts';

const TOKEN_ENDPOINT = 'http://127.0.0.1:8081/token';

const [client = 'hr-portal'] = process.argv.slice(2);
const body = new URLSearchParams({
  grant_type: 'client_credentials',
  client_id: client,
  client_secret: DEMO_CLIENTS[client]?.secret ?? '',
});
const response = await fetch(TOKEN_ENDPOINT, { method: 'POST', body });
const answer = (await response.json()) as { access_token?: string; error?: string };
if (answer.access_token === undefined) {
  process.stderr.write(`no token for ${client}: ${answer.error ?? response.status}\n`);
  process.exitCode = 1;
} else {
  process.stdout.write(`${answer.access_token}\n`);
}
