/**
 * `requests settle ID`: a person settles a request whose outcome is unknown, and the trail records who and why: in a
 * ledger beside the service, or over HTTP with the person's own token. A known outcome is never changed. Nothing is
 * sent to Galileo, now or later.
 */
import * as z from 'zod';
import { MAX_NOTE_LENGTH } from '../../contract/settlement.ts';
import { settleAsPerson } from '../../invite/settle/settle-as-person.ts';
import type { RequestState } from '../../ledger/port.ts';
import { parseObject } from '../../lib/parse-object.ts';
import { CommandError } from '../command-line/command-error.ts';
import type { Call, Command } from '../command-line/command.ts';
import { JSON_OPTION, printReport } from '../command-line/json-option.ts';
import { printable } from '../command-line/text.ts';
import type { CliDeps } from '../deps.ts';
import { chooseLedger, LEDGER_OPTION, withLedger } from '../ledger/with-ledger.ts';
import type { RemoteService } from '../remote/remote-service.ts';
import { chooseService, REMOTE_OPTIONS } from '../remote/remote-service.ts';
import type { Person, Settling } from './read-settling.ts';
import { readPerson, readSettling } from './read-settling.ts';

export const requestsSettle: Command = {
  name: 'requests settle',
  summary: 'Settle a request whose outcome is unknown, as a person who has looked it up in Galileo.',
  about: [
    'Writes a record of kind reconciliation with who settled it and why, and ends the doubt: an Idempotency-Key of that ' +
      'request replays the settled answer from then on, and with refused its addresses go back to their quotas, as far as ' +
      'those windows still run. Nothing is sent. Only a request in state unknown can be settled; requests unknown lists them.',
    `The reason is kept in the audit trail for as long as the trail is: at most ${MAX_NOTE_LENGTH} characters on one line, and no ` +
      'mail address in it, because the record says already whom it is about. Without --by, the name of the system’s user ' +
      'is recorded, which inside a container may be everybody’s.',
    'The service may be running; it waits for this one write as for one of its own. A ledger whose last 500 records do not verify is refused, and nothing is written.',
    'With --url a running service settles it, also one on Workers: your access token needs the scope invites:settle, must be of ' +
      'a person, and says who you are. The same command again does no harm when an answer was lost.',
  ],
  operands: [{ name: 'ID', about: 'The X-Request-Id of the request.' }],
  options: {
    as: { value: 'ENDING', about: 'accepted: Galileo has the people. refused: it does not, and will not. Needed.' },
    reason: { value: 'TEXT', about: 'How you know. Needed.' },
    by: { value: 'NAME', about: 'Who settles it; the name of the system’s user when left out. Not with --url.' },
    ledger: LEDGER_OPTION,
    ...REMOTE_OPTIONS,
    json: JSON_OPTION,
  },
  exits: {
    ok: 'It is settled, and on record.',
    failed:
      'It is not: there is no such request, its outcome is known already, the ledger did not take it, or the service refused or could not be asked.',
    refused: 'The ledger cannot be opened, or its last records do not verify.',
  },
  examples: [
    {
      line: 'requests settle ID --as accepted --reason "listed since 10:02" --by "Ann Smith"',
      does: 'Galileo has the people',
    },
    {
      line: 'requests settle ID --as refused --reason "not there after a day"',
      does: 'it does not; inviting them again is a new request',
    },
    {
      line: 'requests settle ID --as refused --reason "not there" --url https://invites.acme.com',
      does: 'over HTTP',
    },
  ],
  async run(call, deps) {
    const settling = await readSettling(call, deps);
    const { id, ending, note } = settling;
    const service = await chooseService(call, deps);
    if (service !== null && call.options['by'] !== undefined)
      throw new CommandError('usage', '--by is not for --url: the access token says who settles it');
    const { name, byDefault } =
      service === null ? await settleInFile(call, deps, settling) : await settleAt(service, settling);
    const who = byDefault ? `${name}, this system’s user (--by NAME says otherwise)` : printable(name);
    await printReport(
      call,
      deps,
      { request_id: id, state: ending, settled_by: 'person', person: name, note },
      () => `${deps.paint('green', 'settled')} Request ${id} is ${ending}, on record as settled by ${who}.\n`,
    );
    return 'ok';
  },
};

async function settleInFile(call: Call, deps: CliDeps, { id, ending, note }: Settling): Promise<Person> {
  const person = await readPerson(call, deps);
  const chosen = await chooseLedger(call, deps);
  const settled = await withLedger(deps.openSideWriter(chosen), (ledger) =>
    settleAsPerson(ledger, { requestId: id, ending, person: person.name, note }).catch(() => null),
  );
  if (settled === null)
    throw new CommandError(
      'failed',
      chosen.kind === 'sqlite'
        ? 'The ledger did not take it; nothing was changed. Try again, or see doctor.'
        : 'The server did not confirm it, so whether it is settled is not known. The same command again does no harm; see doctor.',
    );
  switch (settled.kind) {
    case 'settled':
      return person;
    case 'not_found':
      throw new CommandError('failed', `This ledger has no request ${id}.`);
    case 'unreadable':
      throw new CommandError(
        'failed',
        `The records of request ${id} cannot be read, so there is nothing to settle. See audit verify.`,
      );
    case 'not_unknown':
      throw new CommandError(
        'failed',
        `Request ${id} is ${settled.state}${EXPLANATIONS[settled.state]}; only an unknown one can be settled. Nothing was changed.`,
      );
    default:
      return settled satisfies never;
  }
}

/** The explanation for each state that cannot be settled, as the second half of a sentence. */
const EXPLANATIONS = {
  open: ': it has not ended yet, and becomes unknown by itself when its time is over',
  accepted: ' already',
  refused: ' already',
  not_sent: ': nothing went to Galileo',
  denied: ': the policy or a quota refused it, and nothing went to Galileo',
  unknown: '',
} as const satisfies Record<RequestState, string>;

const shownRequest = z.object({ id: z.string(), state: z.string(), outcome: z.object({ person: z.string() }) });

/** Returns who settled it, as the service has it on record. */
async function settleAt(service: RemoteService, { id, ending, note }: Settling): Promise<Person> {
  const text = await service.ask({
    method: 'POST',
    path: `/v2/invite_requests/${id}/settlement`,
    body: { outcome: ending, note },
    ifUnanswered: 'so whether it is settled is not known. The same command again does no harm.',
  });
  const shown = shownRequest.safeParse(parseObject(text));
  if (!shown.success || shown.data.id !== id || shown.data.state !== ending)
    throw new CommandError('failed', 'The address does not answer as this service does. Check --url.');
  return { name: shown.data.outcome.person, byDefault: false };
}
