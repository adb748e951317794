/** The text that `policy init` writes. Pure. A value that YAML could read as something else is quoted. */
export interface FirstPolicy {
  readonly issuer: string;
  readonly client: string;
  readonly domain: string;
}

/** A plain scalar that the YAML core schema reads as text. */
const PLAIN = /^(?!(?:true|false|null)$)[a-z][a-z\d._-]*$/i;

export function firstPolicy({ issuer, client, domain }: FirstPolicy): string {
  const [from, id, own] = [quoted(issuer), quoted(client), quoted(domain)];
  return `# Who may invite whom to Galileo. Deny beats allow; nothing matches = denied. The language: docs/policy.md.
# A change is taken up while the service runs. When a test below fails, the file is refused and the old policy stays.
version: 1

domains:
  own: [${own}] # sub-domains are written out: '*.${domain}'

callers: # who asks, as the access token says
  portal: { issuer: ${from}, client_id: [${id}] }

rules:
  - id: own-people
    allow: [portal]
    domains: [$own]
    roles: [user, read_only] # neither admin nor manager
    auth_methods: any
    # groups: left out, so nobody is put into a group of Galileo

quotas:
  - { id: batch, per: request, emails: 50 } # in one request
  - { id: portal-day, per: client_id, window: 1d, emails: 200 } # from this client in a day, UTC
  - { id: person, per: invitee, window: 1d, emails: 3 } # to one address in a day

tests:
  - { as: portal, invite: ${quoted(`ann@${domain}`)}, expect: allow, by: own-people }
  - { as: portal, invite: ${quoted(`ann@${domain}`)}, role: admin, expect: deny, because: roles }
  - { as: portal, invite: ${quoted(`ann@not-${domain}`)}, expect: deny, because: no-rule }
`;
}

function quoted(value: string): string {
  return PLAIN.test(value.replace('@', '.')) ? value : `'${value.replaceAll("'", "''")}'`;
}
