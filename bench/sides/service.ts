/** The service under test, as it runs in production but for the loopback addresses: durable ledger, log and delivery to stdout. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SERVICE_ENTRY } from '../../dev/service.ts';
import type { Backdrop } from '../load/backdrop.ts';
import type { SideCommand } from './process.ts';

/** All kinds of rows, with quotas that never run out. */
const POLICY = `version: 1
domains:
  acme: [acme.com, '*.acme.com']
  never: [gmail.com, rival.io, '*.rival.io']
groups:
  annotators: 9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d
callers:
  hr-portal: { issuer: dev, client_id: [hr-portal] }
  it-admins: { issuer: dev, groups: [it-admins] }
force:
  - { id: staff-use-okta, domains: [$acme], auth_method: okta }
rules:
  - { id: never-invite, deny: any, domains: [$never], emails: [ex-cto@acme.com] }
  - { id: hr-staff, allow: [hr-portal], domains: [$acme], roles: [user, read_only], auth_methods: [okta], groups: [$annotators] }
  - { id: it-partners, allow: [it-admins], domains: [$acme, partner.io], roles: any, auth_methods: any, groups: any }
quotas:
  - { id: batch, per: request, emails: 1000 }
  - { id: app-day, per: client_id, window: 1d, emails: 1000000000 }
  - { id: burst, per: subject, window: 1m, requests: 100000000 }
  - { id: person, per: invitee, window: 1d, emails: 3 }
`;

/** A new ledger each time, below `folder`, or the given one. `keepsStdout`: its lines go to a file and not to /dev/null. */
export function serviceSide(
  { port, folder, backdrop }: { readonly port: number; readonly folder: string; readonly backdrop: Backdrop },
  { keepsStdout, ledgerUrl }: { readonly keepsStdout: boolean; readonly ledgerUrl?: string } = { keepsStdout: true },
): SideCommand {
  const data = mkdtempSync(join(folder, 'service-'));
  const policyFile = join(data, 'policy.yaml');
  writeFileSync(policyFile, POLICY);
  return {
    command: [process.execPath, '--disable-sigusr1', SERVICE_ENTRY],
    env: {
      ...{ PATH: process.env.PATH, NODE_ENV: 'production', PORT: String(port), OPS_PORT: '0', INSECURE_DEV: '1' },
      ...{ GALILEO_API_URL: backdrop.upstreamUrl, GALILEO_API_KEY: backdrop.apiKey },
      AUTH_ISSUERS: JSON.stringify([{ name: 'dev', issuer: backdrop.issuer, audience: backdrop.audience }]),
      ...{ POLICY_FILE: policyFile, LEDGER_URL: ledgerUrl ?? `sqlite:${join(data, 'ledger.db')}` },
    },
    readyPath: '/readyz',
    ...(keepsStdout ? { stdoutFile: join(data, 'stdout.log') } : {}),
    cleanUp: () => rmSync(data, { recursive: true, force: true }),
  };
}
