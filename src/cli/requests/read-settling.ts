/**
 * Reads the command line of `requests settle`: which request, how it ended, how the person knows, and who it is. What is
 * to go on record follows the rules of contract/settlement, and holds no key that this machine's configuration knows.
 */
import { keyCandidates } from '../../config/key-candidates.ts';
import type { SettledEnding } from '../../contract/settlement.ts';
import { MAX_NOTE_LENGTH, MAX_PERSON_LENGTH, settlementTextFault } from '../../contract/settlement.ts';
import { UUID } from '../../lib/uuid.ts';
import { createKeySearch } from '../../upstream/api-keys.ts';
import { CommandError } from '../command-line/command-error.ts';
import type { Call } from '../command-line/command.ts';
import type { CliDeps } from '../deps.ts';

export interface Settling {
  readonly id: string;
  readonly ending: SettledEnding;
  readonly note: string;
}

export interface Person {
  readonly name: string;
  /** The name is that of the system user, because --by was not given. */
  readonly byDefault: boolean;
}

const unclear = (message: string): CommandError => new CommandError('usage', message);

/** Throws a CommandError when the options do not make one. */
export async function readSettling(call: Call, deps: CliDeps): Promise<Settling> {
  const id = (call.operands[0] ?? '').toLowerCase();
  if (!UUID.test(id)) throw unclear('ID is the X-Request-Id of a request, a UUID');
  const ending = given(call, 'as');
  if (ending !== 'accepted' && ending !== 'refused') throw unclear('say how it ended: --as accepted or --as refused');
  const note = given(call, 'reason') ?? '';
  const fault = settlementTextFault(note, MAX_NOTE_LENGTH);
  if (fault === 'not_one_line')
    throw unclear(`say how you know: --reason TEXT, one line of 1 to ${MAX_NOTE_LENGTH} characters`);
  if (fault === 'holds_address') throw unclear('--reason must hold no mail address: the record says whom it is about');
  await refuseKeys(note, deps);
  return { id, ending, note };
}

/** Throws a CommandError when no name is given, or one that must not go on record. */
export async function readPerson(call: Call, deps: CliDeps): Promise<Person> {
  const by = given(call, 'by');
  const name = by ?? deps.userName() ?? '';
  const fault = settlementTextFault(name, MAX_PERSON_LENGTH);
  if (fault === 'not_one_line')
    throw unclear(`say who settles it: --by NAME, one line of 1 to ${MAX_PERSON_LENGTH} characters`);
  if (fault === 'holds_address') throw unclear('say who settles it by name: --by NAME must hold no mail address');
  await refuseKeys(name, deps);
  return { name, byDefault: by === null };
}

function given({ options }: Call, name: string): string | null {
  const value = options[name];
  return typeof value === 'string' ? value.trim() : null;
}

async function refuseKeys(text: string, { env, readText }: CliDeps): Promise<void> {
  const holdsKey = createKeySearch(await keyCandidates({ env, readText }));
  if (holdsKey(text)) throw unclear('what you typed holds the Galileo key; it must not go on record');
}
