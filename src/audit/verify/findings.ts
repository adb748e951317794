/**
 * What is wrong with a trail, fault by fault: a kind, the seq it is about, where in the source it shows, and a sentence.
 * A run of neighbours with one fault is one finding. However many there are, a bounded number is listed and all are
 * counted. Sentences are made of numbers and places only; nothing of a line is ever quoted.
 */

/** Where a line stands: `prefix` is a file's name and a colon, or `ledger seq `. */
export interface Place {
  readonly prefix: string;
  readonly at: number;
}

export interface TrailFinding {
  readonly kind: FindingKind;
  /** The record (of a checkpoint: its count) that it is about, or the first of several; null when nobody can tell. */
  readonly seq: number | null;
  /** The last of several. */
  readonly to: number | null;
  readonly place: string;
  readonly message: string;
}

export interface Findings {
  add(noticed: Noticed): void;
  readonly total: number;
  /** By seq. */
  list(): readonly TrailFinding[];
}

export interface Noticed {
  readonly kind: FindingKind;
  readonly seq: number | null;
  readonly to?: number;
  readonly place: Place | string;
  /** The other piece of evidence. */
  readonly against?: string;
}

export const MAX_LISTED_FINDINGS = 1_000;

interface Run {
  readonly first: number | null;
  readonly last: number | null;
  readonly against: string;
}

type Row = {
  readonly message: (run: Run) => string;
  /** Neighbours that come one after the other are one finding: `seq` when their seqs touch, `any` whatever they are. */
  readonly joins?: 'seq' | 'any';
};

/** Every kind, with what it says. */
const KINDS = {
  edited: { message: (run) => `${named(run)} was edited: text and hash disagree.` },
  unreadable: {
    message: (run) =>
      run.first === null
        ? 'This line is damaged: it is neither a record nor a checkpoint.'
        : `This line is damaged: no record can be read where ${named(run, 'record')} belongs.`,
  },
  disguised: {
    message: (run) => `The line that carries ${named(run, 'record')} was edited: it does not say what the record says.`,
  },
  missing: { message: (run) => `${named(run)} ${isOne(run) ? 'is' : 'are'} missing before this place.` },
  misplaced: { message: (run) => `${named(run)} ${isOne(run) ? 'stands' : 'stand'} here out of order.`, joins: 'seq' },
  repeated: { message: (run) => `${named(run)} ${isOne(run) ? 'stands' : 'stand'} here once more.`, joins: 'seq' },
  conflicting: {
    message: (run) => `${named(run)}: another text with this number stands before. One of the two is forged.`,
    joins: 'seq',
  },
  broken_link: {
    message: (run) => `${named(run)} and a neighbour do not continue each other: one of them was replaced.`,
  },
  truncated: {
    message: (run) => `${named(run)} ${isOne(run) ? 'is' : 'are'} cut off the end: ${run.against} knows of more.`,
  },
  rewritten: {
    message: (run) =>
      `${named(run)}, or some of them, were rewritten: this says that the last of them had another hash.`,
  },
  beyond_head: {
    message: (run) => `${named(run)} ${isOne(run) ? 'stands' : 'stand'} behind what the ledger says is its end.`,
  },
  differs: {
    message: (run) => `${named(run)} ${isOne(run) ? 'has' : 'have'} another text here than in ${run.against}.`,
    joins: 'seq',
  },
  empty: { message: () => 'There is no record here at all.' },
  checkpoint_edited: { message: (run) => `${checkpoint(run)} was edited: it is not as the service writes them.` },
  checkpoint_disagrees: {
    message: (run) =>
      `${checkpoint(run)} names another hash than the record has, though a later one agrees: it was edited, or the record was.`,
  },
  checkpoint_misplaced: { message: (run) => `${checkpoint(run)} stands here out of order.` },
  checkpoint_repeated: { message: (run) => `${checkpoint(run)} stands here once more.` },
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
      `The cursor of sink ${run.against} stands beyond the end: what comes up to there would never be delivered.`,
  },
  base_unproven: {
    message: (run) =>
      `Records up to ${run.last ?? 0} are dropped, but no checkpoint stands there as retention leaves one.`,
  },
  signature_invalid: { message: (run) => `${checkpoint(run)} has a signature that is not valid.` },
  signature_missing: { message: (run) => `${checkpoint(run)} is not signed.`, joins: 'any' },
  signature_unknown_key: {
    message: (run) => `${checkpoint(run)} is signed with a key that is none of those given.`,
    joins: 'any',
  },
} as const satisfies Record<string, Row>;

export type FindingKind = keyof typeof KINDS;

export function createFindings(): Findings {
  type Held = { noticed: Noticed; first: number | null; last: number | null; near: number };
  const held: Held[] = [];
  let latest: Held | null = null;
  let total = 0;
  let near = 0;
  return {
    add(noticed) {
      const { kind, seq, to = seq } = noticed;
      if (latest !== null && seq !== null && continues(latest, noticed)) {
        latest.first = Math.min(latest.first ?? seq, seq);
        latest.last = Math.max(latest.last ?? seq, to ?? seq);
        return;
      }
      near = seq ?? near;
      latest = { noticed: { ...noticed, kind }, first: seq, last: to, near };
      total += 1;
      if (held.length < MAX_LISTED_FINDINGS) held.push(latest);
    },
    get total() {
      return total;
    },
    list: () =>
      held.toSorted((a, b) => a.near - b.near).map(({ noticed, first, last }) => toFinding(noticed, first, last)),
  };
}

function continues(
  { noticed, first, last }: { noticed: Noticed; first: number | null; last: number | null },
  next: Noticed,
): boolean {
  if (noticed.kind !== next.kind || noticed.against !== next.against) return false;
  const { joins }: Row = KINDS[next.kind];
  if (joins === 'any') return true;
  return joins === 'seq' && (next.seq === (last ?? 0) + 1 || next.seq === (first ?? 0) - 1);
}

function toFinding(
  { kind, place, against = 'another source' }: Noticed,
  first: number | null,
  last: number | null,
): TrailFinding {
  const { message }: Row = KINDS[kind];
  return {
    kind,
    seq: first,
    to: last === first ? null : last,
    place: placeText(place),
    message: message({ first, last, against }),
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
