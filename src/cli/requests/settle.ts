/**
 * `requests settle ID`: a person settles a request whose outcome is unknown, and the trail records who and why. A known
 * outcome is never changed. Nothing is sent, now or later.
 */
import { keyCandidates } from '../../config/key-candidates.ts';
import { resolveUnknown } from '../../invite/resolve-unknown.ts';
import type { RequestState } from '../../ledger/port.ts';
import { holdsInvisible } from '../../lib/invisible-text.ts';
import { UUID } from '../../lib/uuid.ts';
import { createKeySearch } from '../../upstream/api-keys.ts';
import { CommandError } from '../command-line/command-error.ts';
import type { Call, Command } from '../command-line/command.ts';
import { JSON_OPTION, printReport } from '../command-line/json-option.ts';
import type { CliDeps, SideWriter } from '../deps.ts';
import { chooseLedger, LEDGER_OPTION, withLedger } from '../ledger/with-ledger.ts';

const MAX_REASON_LENGTH = 500;
const MAX_NAME_LENGTH = 100;

export const requestsSettle: Command = {
  name: 'requests settle',
  summary: 'Settle a request whose outcome is unknown, as a person who has looked it up in Galileo.',
  about: [
    'Writes a record of kind reconciliation with who settled it and why, and ends the doubt: an Idempotency-Key of that ' +
      'request replays the settled answer from then on, and with refused its addresses go back to their quotas, as far as ' +
      'those windows still run. Nothing is sent. Only a request in state unknown can be settled; requests unknown lists them.',
    `The reason is kept in the audit trail for as long as the trail is: at most ${MAX_REASON_LENGTH} characters on one line, and no ` +
      'mail address in it, because the record says already whom it is about. Without --by, the name of the system’s user ' +
      'is recorded, which inside a container may be everybody’s.',
    'The service may be running; it waits for this one write as for one of its own.',
  ],
  operands: [{ name: 'ID', about: 'The X-Request-Id of the request.' }],
  options: {
    as: { value: 'ENDING', about: 'accepted: Galileo has the people. refused: it does not, and will not. Needed.' },
    reason: { value: 'TEXT', about: 'How you know. Needed.' },
    by: { value: 'NAME', about: 'Who settles it; the name of the system’s user when left out.' },
    ledger: LEDGER_OPTION,
    json: JSON_OPTION,
  },
  exits: {
    ok: 'It is settled, and on record.',
    failed: 'It is not: there is no such request, its outcome is known already, or the ledger did not take it.',
    refused: 'The ledger cannot be opened.',
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
  ],
  async run(call, deps) {
    const settling = await readSettling(call, deps);
    const { id, ending, person, note, byDefault } = settling;
    await withLedger(deps.openSideWriter(await chooseLedger(call, deps)), (ledger) => settle(ledger, settling));
    const who = byDefault ? `${person}, this system’s user (--by NAME says otherwise)` : person;
    await printReport(
      call,
      deps,
      { request_id: id, state: ending, settled_by: 'person', person, note },
      () => `${deps.paint('green', 'settled')} Request ${id} is ${ending}, on record as settled by ${who}.\n`,
    );
    return 'ok';
  },
};

async function settle(ledger: SideWriter, { id, ending, person, note }: Settling): Promise<void> {
  const entry = await ledger.find(id, null);
  if (entry === null) throw new CommandError('failed', `This ledger has no request ${id}.`);
  // All records of a request have the same members, so the outcome's record can stand in for a damaged intent.
  const intent = entry.decided ?? entry.outcome;
  if (intent === null)
    throw new CommandError(
      'failed',
      `The records of request ${id} cannot be read, so there is nothing to settle. See audit verify.`,
    );
  const settled = await ledger
    .settle(resolveUnknown({ requestId: id, intent }, { ending, by: { kind: 'person', person, note } }))
    .catch(() => null);
  if (settled === null)
    throw new CommandError('failed', 'The ledger did not take it; nothing was changed. Try again, or see doctor.');
  // Only the ledger's result counts, not an earlier check: an answer may arrive in between.
  if (settled.kind === 'settled') return;
  const state = settled.kind === 'unchanged' ? settled.state : entry.state;
  throw new CommandError(
    'failed',
    `Request ${id} is ${state}${EXPLANATIONS[state]}; only an unknown one can be settled. Nothing was changed.`,
  );
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

interface Settling {
  readonly id: string;
  readonly ending: 'accepted' | 'refused';
  readonly person: string;
  readonly note: string;
  /** `person` is the name of the system user, because --by was not given. */
  readonly byDefault: boolean;
}

/**
 * Includes the signs that mail programs read as `@`, even apart from the name before. A mention (`@kim`) does not
 * match.
 */
const ADDRESS = /\S(?:@|%40|＠|﹫)\S|(?:@|%40|＠|﹫)\s*[^\s.]+\.\S/i;

/** Throws a CommandError when the options do not make one. */
async function readSettling({ operands, options }: Call, { env, readText, userName }: CliDeps): Promise<Settling> {
  const unclear = (message: string): CommandError => new CommandError('usage', message);
  const given = (name: string): string | null => {
    const value = options[name];
    return typeof value === 'string' ? value.trim() : null;
  };
  const id = (operands[0] ?? '').toLowerCase();
  if (!UUID.test(id)) throw unclear('ID is the X-Request-Id of a request, a UUID');
  const ending = given('as');
  if (ending !== 'accepted' && ending !== 'refused') throw unclear('say how it ended: --as accepted or --as refused');
  const note = given('reason') ?? '';
  if (!isLine(note, MAX_REASON_LENGTH))
    throw unclear(`say how you know: --reason TEXT, one line of 1 to ${MAX_REASON_LENGTH} characters`);
  if (ADDRESS.test(note)) throw unclear('--reason must hold no mail address: the record says whom it is about');
  const by = given('by');
  const person = by ?? userName() ?? '';
  if (!isLine(person, MAX_NAME_LENGTH))
    throw unclear(`say who settles it: --by NAME, one line of 1 to ${MAX_NAME_LENGTH} characters`);
  if (ADDRESS.test(person)) throw unclear('say who settles it by name: --by NAME must hold no mail address');
  const holdsKey = createKeySearch(await keyCandidates({ env, readText }));
  if (holdsKey(`${note}\n${person}`)) throw unclear('what you typed holds the Galileo key; it must not go on record');
  return { id, ending, person, note, byDefault: by === null };
}

function isLine(text: string, maxLength: number): boolean {
  return text !== '' && [...text].length <= maxLength && !holdsInvisible(text);
}
