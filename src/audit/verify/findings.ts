/**
 * The findings about a trail. A finding is one fault: a kind, the seq it is about, its place in the source, and a
 * sentence. Adjacent records with the same fault are one finding. A bounded number of findings is listed; all are
 * counted. Sentences contain only numbers and places. They never quote a line.
 */

/** The place of a line. `prefix` is a file's name and a colon, or `ledger seq `. */
export interface Place {
  readonly prefix: string;
  readonly at: number;
}

export interface TrailFinding {
  readonly kind: FindingKind;
  /** The record (for a checkpoint: its count) that it is about, or the first of several; null when it is not known. */
  readonly seq: number | null;
  /** The last of several. */
  readonly to: number | null;
  readonly place: string;
  readonly message: string;
}

export interface Findings {
  add(finding: NewFinding): void;
  readonly total: number;
  /** In order of seq. */
  list(): readonly TrailFinding[];
}

export interface NewFinding {
  readonly kind: FindingKind;
  readonly seq: number | null;
  readonly to?: number;
  readonly place: Place | string;
  /** The other piece of evidence, or the sink. */
  readonly against?: string;
  /** The branch of the trail that it is about; left out where a trail has one. */
  readonly branch?: FindingBranch;
}

export interface FindingBranch {
  /** A sentence about the branch, known at the end; null: there is nothing to say. */
  note(seq: number): string | null;
}

export const MAX_LISTED_FINDINGS = 1_000;

interface Run {
  readonly first: number | null;
  readonly last: number | null;
  readonly against: string;
}

type Row = {
  readonly message: (run: Run) => string;
  /** Findings of this kind in a row are joined to one: `seq` when their seqs are adjacent, `any` always. */
  readonly joins?: 'seq' | 'any';
};

/** Every kind with its sentence. */
const KINDS = {
  edited: { message: (run) => `${named(run)} was edited: text and hash disagree.` },
  unreadable: {
    message: (run) =>
      run.first === null
        ? 'This line is damaged: it is neither a record nor a checkpoint.'
        : `This line is damaged: no record can be read where ${named(run, 'record')} belongs.`,
  },
  disguised: {
    message: (run) =>
      `The line that carries ${named(run, 'record')} was edited: it does not match the record, or can be read in two ways.`,
  },
  unread_form: {
    message: (run) =>
      `${named(run)} is here in a form that this program does not read, so it was not verified. Pass the line as the service wrote it.`,
  },
  missing: { message: (run) => `${named(run)} ${isOne(run) ? 'is' : 'are'} missing before this place.` },
  misplaced: { message: (run) => `${named(run)} ${isOne(run) ? 'is' : 'are'} out of order here.`, joins: 'seq' },
  repeated: { message: (run) => `${named(run)} ${isOne(run) ? 'is' : 'are'} repeated here.`, joins: 'seq' },
  conflicting: {
    message: (run) => `${named(run)}: an earlier line has another text with this number. One of the two is forged.`,
    joins: 'seq',
  },
  broken_link: {
    message: (run) => `${named(run)} and a neighbour do not continue each other: one of them was replaced.`,
  },
  restored_refuted: {
    message: (run) =>
      `${named(run)} says that the ledger was restored, but does not continue the backup that it names: it is forged.`,
  },
  lost_to_restore: {
    message: (run) =>
      `${named(run)}, as ${run.against} knows ${isOne(run) ? 'it, is' : 'them, are'} nowhere here. The restore before this place may hide ${isOne(run) ? 'it' : 'them'}, or ${isOne(run) ? 'it was' : 'they were'} changed or cut off after it.`,
  },
  truncated: {
    message: (run) =>
      `${named(run)} ${isOne(run) ? 'is' : 'are'} cut off at the end: there were more according to ${run.against}.`,
  },
  rewritten: {
    message: (run) =>
      `${named(run)}, or some of them, were rewritten: the evidence here has another hash for the last of them.`,
  },
  beyond_head: {
    message: (run) => `${named(run)} ${isOne(run) ? 'is' : 'are'} after the end that the ledger names.`,
  },
  differs: {
    message: (run) => `${named(run)} ${isOne(run) ? 'has' : 'have'} another text here than in ${run.against}.`,
    joins: 'seq',
  },
  empty: { message: () => 'There is no record here at all.' },
  policy_refuted: {
    message: (run) => `The policy that is kept under ${run.against} was changed: its text has another digest.`,
  },
  checkpoint_edited: { message: (run) => `${checkpoint(run)} was edited: it is not as the service writes it.` },
  checkpoint_disagrees: {
    message: (run) =>
      `${checkpoint(run)} names another hash than the record has, though other evidence agrees with the record: the checkpoint was edited.`,
  },
  checkpoint_misplaced: { message: (run) => `${checkpoint(run)} is out of order here.` },
  checkpoint_repeated: { message: (run) => `${checkpoint(run)} is repeated here.` },
  checkpoint_conflicting: { message: (run) => `${checkpoint(run)} has another text here than in ${run.against}.` },
  checkpoint_missing: { message: (run) => `${checkpoint(run)} is missing, though ${run.against} has it.` },
  checkpoint_gap: {
    message: (run) =>
      `${checkpoint(run)} does not continue the one before it: one between them is gone, or was replaced.`,
  },
  beginning_missing: {
    message: (run) =>
      `${named(run)} ${isOne(run) ? 'is' : 'are'} gone from the beginning, and no retention explains it.`,
  },
  cursor_beyond_end: {
    message: (run) =>
      `The cursor of sink ${run.against} is beyond the end: records up to the cursor would never be delivered.`,
  },
  request_missing: {
    message: (run) => `The table of requests has no row for ${named(run, 'record')}, which decided a request.`,
    joins: 'seq',
  },
  request_refuted: {
    message: (run) =>
      `The table of requests was changed: the row of the request of ${named(run, 'record')} says something else than the records.`,
    joins: 'seq',
  },
  request_unrecorded: {
    message: (run) => `The table of requests has rows that no record decided: ${run.against}.`,
  },
  key_refuted: {
    message: (run) =>
      `The table of idempotency keys was changed: the key of the request of ${named(run, 'record')}, or its stored answer, does not fit the records.`,
    joins: 'seq',
  },
  story_incomplete: {
    message: (run) =>
      `The list of a request’s further records was changed: ${named(run, 'record')} is not in it, so the story of the request would leave it out.`,
    joins: 'seq',
  },
  key_unrecorded: {
    message: (run) => `The table of idempotency keys has keys that belong to no request: ${run.against}.`,
  },
  clock_step_missing: {
    message: (run) =>
      `The list of steps of the machine’s clock was changed: ${named(run, 'record')}, earlier than the record before, is not in it. A search by time would leave records out.`,
    joins: 'seq',
  },
  change_refuted: {
    message: (run) =>
      `The list of last changes was changed: what it says of the ${run.against} does not follow from the records before ${run.first === null ? 'the end' : named(run, 'record')}. A change may not be on record.`,
  },
  checkpoint_undeliverable: {
    message: (run) =>
      `${checkpoint(run)} has a place in the outbox that the service never gives: a sink may never receive it.`,
  },
  index_refuted: {
    message: () => 'An index of the ledger does not fit its table: the service does not find every row that is there.',
  },
  base_unproven: {
    message: (run) =>
      `Records up to ${run.last ?? 0} were dropped, but the checkpoint that retention leaves there is missing.`,
  },
  signature_invalid: { message: (run) => `${checkpoint(run)} has a signature that is not valid.` },
  signature_missing: { message: (run) => `${checkpoint(run)} is not signed.`, joins: 'any' },
  signature_unknown_key: {
    message: (run) => `${checkpoint(run)} is signed with a key that was not given.`,
    joins: 'any',
  },
} as const satisfies Record<string, Row>;

export type FindingKind = keyof typeof KINDS;

export function createFindings(): Findings {
  type Held = { finding: NewFinding; first: number | null; last: number | null; near: number };
  const held: Held[] = [];
  let latest: Held | null = null;
  let total = 0;
  let near = 0;
  return {
    add(finding) {
      const { seq, to = seq } = finding;
      if (latest !== null && seq !== null && continues(latest, finding)) {
        latest.first = Math.min(latest.first ?? seq, seq);
        latest.last = Math.max(latest.last ?? seq, to ?? seq);
        return;
      }
      near = seq ?? near;
      latest = { finding, first: seq, last: to, near };
      total += 1;
      if (held.length < MAX_LISTED_FINDINGS) held.push(latest);
    },
    get total() {
      return total;
    },
    list: () =>
      held.toSorted((a, b) => a.near - b.near).map(({ finding, first, last }) => toFinding(finding, first, last)),
  };
}

function continues(
  { finding, first, last }: { finding: NewFinding; first: number | null; last: number | null },
  next: NewFinding,
): boolean {
  if (finding.kind !== next.kind || finding.against !== next.against || finding.branch !== next.branch) return false;
  const { joins }: Row = KINDS[next.kind];
  if (joins === 'any') return true;
  return joins === 'seq' && (next.seq === (last ?? 0) + 1 || next.seq === (first ?? 0) - 1);
}

function toFinding(
  { kind, place, against = 'another source', branch }: NewFinding,
  first: number | null,
  last: number | null,
): TrailFinding {
  const { message }: Row = KINDS[kind];
  const note = branch?.note(first ?? 0) ?? null;
  return {
    kind,
    seq: first,
    to: last === first ? null : last,
    place: placeText(place),
    message: `${message({ first, last, against })}${note === null ? '' : ` ${note}`}`,
  };
}

export function placeText(place: Place | string): string {
  return typeof place === 'string' ? place : `${place.prefix}${place.at}`;
}

function isOne({ first, last }: Run): boolean {
  return first === last;
}

function named(run: Run, noun = 'Record'): string {
  if (run.first === null) return 'A record';
  return isOne(run) ? `${noun} ${run.first}` : `${noun}s ${run.first} to ${run.last}`;
}

function checkpoint(run: Run): string {
  if (run.first === null) return 'A checkpoint';
  return isOne(run)
    ? `The checkpoint of record ${run.first}`
    : `Each checkpoint of records ${run.first} to ${run.last}`;
}
