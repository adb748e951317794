/**
 * What one line of text says of a record: one row for each kind, so that a new kind does not compile without a row. Pure.
 * A text from outside is one word without white space and without any character that a terminal obeys.
 */
import type {
  ChangeRecord,
  ReadRecord,
  RecordKind,
  RequestRecord,
  RequestRecordKind,
  SuppressedRecord,
} from '../../../audit/record.ts';
import { addressList, quoted, visible } from '../../../invite/story/words.ts';
import { shorten } from '../../../lib/text/invisible-text.ts';
import { unitWords } from '../../../policy/quota-words.ts';
import { counted } from '../../command-line/text.ts';

export interface Cells {
  readonly result: string;
  readonly client: string;
  readonly subject: string;
  readonly what: string;
}

/** `-`: the record has none. */
const NONE = '-';
const MAX_CELL = 200;
const MAX_ADDRESSES = 3;
const SHORT_DIGEST = 12;

type RecordOf = {
  readonly [K in RecordKind]: K extends RequestRecordKind
    ? RequestRecord
    : K extends 'suppressed'
      ? SuppressedRecord
      : K extends 'change'
        ? ChangeRecord
        : ReadRecord;
};

export const CELLS: { readonly [K in RecordKind]: (record: RecordOf[K]) => Cells } = {
  intent: (record) => cellsOf(record, `${askedOf(record)}${rulesOf(record)}`),
  denial: (record) => cellsOf(record, `${askedOf(record)}${rulesOf(record)}${answerOf(record)}`),
  dry_run: (record) => cellsOf(record, `dry run: ${askedOf(record)}${rulesOf(record)}`),
  outcome: (record) => cellsOf(record, `${endOf(record)}${answerOf(record)}`),
  replay: (record) =>
    cellsOf(record, `repeats request ${cell(record.outcome.first_request_id ?? NONE)}${answerOf(record)}`),
  reconciliation: (record) => cellsOf(record, settledOf(record)),
  suppressed: ({ actor, outcome, suppressed: { count, from, to, counts } }) => ({
    result: outcome.result,
    client: cell(actor.client_id),
    subject: cell(actor.subject),
    what:
      `${counted(count, 'request', 'requests')} only counted, ${cell(from)} to ${cell(to)}: ` +
      counts
        .map(({ count: n, result, code, rule, quota }) => [n, result, code, rule, quota].flatMap(some).join(' '))
        .join(', '),
  }),
  read: ({ actor, read }) => ({
    result: NONE,
    client: cell(actor?.client_id ?? NONE),
    subject: cell(actor?.subject ?? NONE),
    what: readOf(read),
  }),
  change: ({ change }) => ({ result: change.what, client: NONE, subject: NONE, what: changeOf(change) }),
};

function cellsOf({ actor, outcome, request_id: id }: RequestRecord, what: string): Cells {
  return {
    result: outcome.result,
    client: cell(actor.client_id),
    subject: cell(actor.subject),
    what: `${what} (request ${cell(id)})`,
  };
}

/** One word. */
export function cell(text: string): string {
  return (
    visible(shorten(text, MAX_CELL)).replaceAll(/\s/gu, (space) => `\\u{${space.codePointAt(0)?.toString(16)}}`) || NONE
  );
}

function some(value: string | number | null | undefined): string[] {
  return value === null || value === undefined ? [] : [cell(String(value))];
}

function askedOf({ request }: RequestRecord): string {
  const { emails = [], email_count: total, role, auth_method: method } = request;
  const whom = emails.length === 0 ? '' : `: ${addressList(emails, MAX_ADDRESSES)}`;
  return `invite ${unitWords(total, 'emails')} as ${cell(role)} with ${cell(method)}${whom}`;
}

function rulesOf({ policy: { decisions }, outcome: { quota } }: RequestRecord): string {
  const by = decisions.map(({ decision, rule, because }) => `${decision} by ${cell(rule ?? because.join('+'))}`);
  return [...new Set(by), ...(quota === undefined ? [] : [`quota ${cell(quota)}`])].map((one) => `, ${one}`).join('');
}

function endOf({ outcome: { upstream_status: status, reason } }: RequestRecord): string {
  const galileo = status === undefined ? 'no answer of Galileo' : `Galileo answered ${status}`;
  return `${galileo}${reason === undefined ? '' : `, ${cell(reason)}`}`;
}

function answerOf({ outcome: { status, code } }: RequestRecord): string {
  if (status === undefined) return '';
  return `, caller got ${status}${code === undefined ? '' : ` ${cell(code)}`}`;
}

function settledOf({ outcome: { evidence, person, note, settled_by: by } }: RequestRecord): string {
  const seen =
    evidence === undefined
      ? []
      : [`${evidence.created_after} of ${unitWords(evidence.users.length, 'emails')} created since`];
  const who =
    person === undefined ? (by === undefined ? [] : [`settled by ${cell(by)}`]) : [`settled by ${quoted(person)}`];
  return [...seen, ...who, ...(note === undefined ? [] : [quoted(note)])].join(', ') || 'looked up';
}

function readOf({ counts, records, first_seq: first, last_seq: last, filters }: ReadRecord['read']): string {
  const reads = counts.map(({ what, count: n }) => `${cell(what)} ${n}`).join(', ');
  const given = first === undefined ? counted(records, 'record', 'records') : `records ${first} to ${last ?? first}`;
  return `read ${reads}, given out: ${given}${filters.length === 0 ? '' : `, filtered by ${filters.map(cell).join('+')}`}`;
}

function changeOf(change: ChangeRecord['change']): string {
  switch (change.what) {
    case 'service_started':
      return `on ${cell(change.runtime)}, settings ${short(change.settings_sha256)}`;
    case 'service_stopped':
      return 'clean stop';
    case 'policy_taken':
      return `${short(change.from)} to ${short(change.to)}`;
    case 'policy_refused':
      return `${counted(change.problems, 'problem', 'problems')}, ${short(change.kept)} stays in force`;
    case 'key_slot_changed':
      return `${change.slot} key ${cell(change.from ?? NONE)} to ${cell(change.to ?? NONE)}`;
    case 'checkpoint_key_changed':
      return `${cell(change.from ?? NONE)} to ${cell(change.to ?? NONE)}`;
    case 'restored':
      return `from a backup of ${counted(change.records, 'record', 'records')}, the last of ${cell(change.backup_time ?? NONE)}`;
    default:
      return change satisfies never;
  }
}

function short(digest: string | null): string {
  return digest === null ? NONE : `sha256:${cell(digest.slice(0, SHORT_DIGEST))}`;
}
