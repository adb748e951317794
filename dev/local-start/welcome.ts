/** The start page of `npm start`, as text for a terminal. Pure. */
import { MISBEHAVIOURS } from '../galileo-steps.ts';
import { PEOPLE } from '../sign-in/people.ts';

export interface WelcomeFacts {
  readonly url: string;
  readonly issuer: string;
  readonly galileoUrl: string;
  /** Null: off. */
  readonly opsUrl: string | null;
  /** `token.ts` finds the identity provider by itself. */
  readonly isUsualIssuer: boolean;
  /** `PAGES` is on: there is a reference for people. */
  readonly hasPages: boolean;
  readonly policyFile: string;
  readonly ledgerFile: string;
  /** The lines that follow are for people, not JSON. */
  readonly readableLog: boolean;
  readonly loud: (text: string) => string;
}

const NAME_WIDTH = 9;

export function welcome(facts: WelcomeFacts): string {
  const { url, issuer, galileoUrl, opsUrl, loud } = facts;
  const token = `npm run --silent token -- ${facts.isUsualIssuer ? '' : `--issuer ${issuer} `}--user`;
  return `
${loud(`  ┌──────────────────────────────────────────────────────────────────────────┐
  │  LOCAL STAND-INS. No real Galileo, no real identity provider: nobody is  │
  │  invited, every token is a toy. Never put a real key beside them.        │
  └──────────────────────────────────────────────────────────────────────────┘`)}
  the service                 ${url}
  stand-in identity provider  ${issuer}
  stand-in Galileo            ${galileoUrl}
  metrics and reasons         ${opsUrl ?? 'off'}
${facts.hasPages ? `  the console, to invite      ${url}/console\n` : ''}
  Send a first invite (paste all of it):

TOKEN=$(curl -s -u hr-portal:hr-portal-demo -d grant_type=client_credentials ${issuer}/token | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')
curl -i ${url}/v2/invite_users -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '{"emails":["ann@acme.com"],"auth_method":"okta"}'

  Send one that the policy refuses, and read why:

curl -i ${url}/v2/invite_users -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '{"emails":["ann@notacme.com"],"auth_method":"okta"}'

  A token of a person: ${token} ann
${rows(Object.entries(PEOPLE).map(([id, { about }]) => [id, about]))}
  A page signs people in with ${issuer}/authorize, client_id=hr-portal.
  Pages at localhost may call the service from any port: docs/calling.md.

  Addresses for which the stand-in Galileo misbehaves:
${rows(Object.entries(MISBEHAVIOURS).map(([name, { does }]) => [`${name}@`, does]))}
  To look at: ${facts.hasPages ? `${url}/docs · ` : ''}${url}/openapi.json · ${url}/readyz · ${url}/.well-known/oauth-protected-resource
  The policy is ${facts.policyFile}, the ledger ${facts.ledgerFile}.
  ${facts.readableLog ? 'One line per request follows; npm start | cat shows log and audit records as JSON.' : 'Log lines and audit records follow on stdout, as JSON.'} Ctrl-C stops.

`;
}

function rows(pairs: readonly (readonly [string, string])[]): string {
  return pairs.map(([left, right]) => `    ${left.padEnd(NAME_WIDTH)} ${right}\n`).join('');
}
