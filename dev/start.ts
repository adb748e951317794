/**
 * What `npm start` runs: the service with embedded defaults. When nothing real is configured, it starts the pair of
 * stand-ins in this process and prints a warning that they are stand-ins. When a key and issuers are configured, it is
 * the same as `node src/node.ts`. A key without issuers, or issuers without a key, is refused.
 */
import '../src/platform/node/process/no-inspector.ts';
import { runService } from '../src/platform/node/process/run-service.ts';
import { startNodeService } from '../src/platform/node/service.ts';
import type { StandIns } from './stand-ins.ts';
import { realSettings, startStandIns } from './stand-ins.ts';

const { env } = process;
const DEFAULT_PORT = 8080;
const LEDGER_URL = 'sqlite:./data/dev-ledger.db';

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}

function loud(text: string): string {
  return process.stdout.isTTY ? `\u001b[1;33m${text}\u001b[0m` : text;
}

function welcome(url: string, { issuer, galileoUrl }: StandIns): string {
  return `
${loud(`  ┌──────────────────────────────────────────────────────────────────────────┐
  │  LOCAL STAND-INS. No real Galileo, no real identity provider: nobody is  │
  │  invited, every token is a toy. Never put a real key beside them.        │
  └──────────────────────────────────────────────────────────────────────────┘`)}
  stand-in Galileo            ${galileoUrl}
  stand-in identity provider  ${issuer}
  the service                 ${url}

  Send a first invite (paste all of it):

TOKEN=$(curl -s -u hr-portal:hr-portal-demo -d grant_type=client_credentials ${issuer}/token | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')
curl -i ${url}/v2/invite_users -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '{"emails":["ann@acme.com"],"auth_method":"okta"}'

  Send one that the policy refuses, and read why:

curl -i ${url}/v2/invite_users -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '{"emails":["ann@notacme.com"],"auth_method":"okta"}'

  To look at: ${url}/openapi.json · ${url}/readyz · ${url}/.well-known/oauth-protected-resource
  The policy is dev/policy.yaml, the ledger ${(env.LEDGER_URL ?? LEDGER_URL).slice('sqlite:'.length)}. Audit records follow on stdout. Ctrl-C stops.

`;
}

const real = realSettings(env);
const hasKey = real.some((name) => name.startsWith('GALILEO_API_KEY'));
const hasIssuers = real.some((name) => name.startsWith('AUTH_ISSUERS'));
if (hasKey !== hasIssuers) {
  fail(
    `Set a Galileo key and AUTH_ISSUERS together, or neither: the stand-ins come as a pair and never beside ${real.join(', ')}.`,
  );
}

async function runWithStandIns(): Promise<void> {
  const port = Number(env.PORT ?? DEFAULT_PORT);
  const print = (line: string): boolean => process.stdout.write(`${line}\n`);
  // The stand-ins use the two ports after the service's; with PORT=0 all three use free ports.
  const ports = port === 0 ? { identityProvider: 0, galileo: 0 } : { identityProvider: port + 1, galileo: port + 2 };
  const standIns = await startStandIns(env, ports, print).catch((error: unknown) =>
    fail(`The stand-ins do not start: ${error instanceof Error ? error.message : 'unknown problem'}`),
  );
  const publicUrl = port === 0 ? {} : { PUBLIC_URL: `http://127.0.0.1:${port}` };
  const defaults = { POLICY_FILE: 'dev/policy.yaml', LEDGER_URL, ...publicUrl };
  const service = await runService({ ...defaults, ...env, ...standIns.env }, startNodeService);
  process.stdout.write(welcome(`http://127.0.0.1:${service.port}`, standIns));
}

// With real settings `npm start` is the plain service, as production runs it.
if (hasKey) await runService(env, startNodeService);
else await runWithStandIns();
