/**
 * `requests unknown`: lists the requests whose outcome is unknown and that a person has to settle, newest first, from a
 * ledger or from a running service. It reads the whole list of requests, which takes a while in a large ledger.
 * Changes nothing.
 */
import type { Command } from '../command-line/command.ts';
import { JSON_OPTION, printReport } from '../command-line/json-option.ts';
import { counted, printable } from '../command-line/text.ts';
import type { CliDeps } from '../deps.ts';
import { chooseLedger, LEDGER_OPTION, withLedger } from '../ledger/with-ledger.ts';
import { chooseService, REMOTE_OPTIONS } from '../remote/remote-service.ts';
import type { UnknownRequest } from './find-unknown.ts';
import { findUnknownAt, findUnknownIn } from './find-unknown.ts';

export const requestsUnknown: Command = {
  name: 'requests unknown',
  summary: 'List the requests whose outcome is unknown, newest first.',
  about: [
    'Each of them may or may not have been carried out. With GALILEO_RECONCILE=on the service asks Galileo about them for a ' +
      'day and a half; what is left is for people: look the addresses up in Galileo, then requests settle.',
    'Addresses are printed only with --show-addresses, in the form that the trail has them (AUDIT_EMAILS).',
    'With --url a running service is asked, also one on Workers: with the scope audit:read in your access token you see the requests of every caller, with invites:write your own.',
  ],
  operands: [],
  options: {
    'show-addresses': { value: null, about: 'Name the addresses that were, or may have been, invited.' },
    ledger: LEDGER_OPTION,
    ...REMOTE_OPTIONS,
    json: JSON_OPTION,
  },
  exits: {
    ok: 'The list is complete; it may be empty.',
    failed: 'The service refused or could not be asked.',
    refused: 'The ledger cannot be opened.',
  },
  examples: [
    { line: 'requests unknown', does: 'what waits for an answer' },
    { line: 'requests unknown --show-addresses --json', does: 'with whom to look up, for a program' },
    {
      line: 'requests unknown --url https://invites.acme.com --token-file token',
      does: 'at a running service',
    },
  ],
  async run(call, deps) {
    const withAddresses = call.options['show-addresses'] !== undefined;
    const service = await chooseService(call, deps);
    const requests =
      service === null
        ? await withLedger(deps.openReader(await chooseLedger(call, deps)), findUnknownIn)
        : await findUnknownAt(service);
    const listed = requests.map((one) => describe(one, withAddresses));
    await printReport(call, deps, { requests: listed }, () => render(listed, deps));
    return 'ok';
  },
};

interface Listed {
  readonly id: string;
  /** Null, like the members below: it cannot be read. */
  readonly requested_at: string | null;
  readonly client_id: string | null;
  readonly issuer: string | null;
  readonly email_count: number | null;
  readonly reason: string | null;
  readonly emails?: readonly string[];
}

function describe({ id, requestedAt, record, reason }: UnknownRequest, withAddresses: boolean): Listed {
  // Of a request with lenient handling, only the allowed addresses were sent.
  const allowed = (record?.policy.decisions ?? []).filter(({ decision }) => decision === 'allow');
  return {
    id,
    requested_at: requestedAt,
    client_id: record?.actor.client_id ?? null,
    issuer: record?.actor.issuer ?? null,
    email_count: record === null ? null : allowed.reduce((sum, one) => sum + one.email_count, 0),
    reason,
    ...(withAddresses ? { emails: allowed.flatMap(({ emails = record?.request.emails ?? [] }) => emails) } : {}),
  };
}

function render(found: readonly Listed[], { paint }: CliDeps): string {
  const lines = found.map((one) => {
    const requested = printable(`${one.requested_at ?? 'at an unreadable time'} ${one.id}`);
    if (one.email_count === null) return `  ${requested}: its records cannot be read; see audit verify\n`;
    const what = `${counted(one.email_count, 'address', 'addresses')}${one.reason === null ? '' : ` (${printable(one.reason)})`}`;
    const whom = one.emails === undefined ? '' : `    ${printable(one.emails.join(', '))}\n`;
    return `  ${requested} from ${printable(`${one.client_id} (${one.issuer})`)}: ${what}\n${whom}`;
  });
  return `${paint('bold', counted(found.length, 'unknown request', 'unknown requests'))}\n${lines.join('')}`;
}
