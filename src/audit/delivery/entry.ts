import { deliveredLine } from '../format/formats.ts';
import type { AuditFormat } from '../format/formats.ts';
import { itemFacts } from '../format/item-facts.ts';
import type { ItemFacts } from '../format/item-facts.ts';
import type { OutboxItem, SinkFailure } from './sink.ts';

/**
 * What a sink over HTTP sends for one item: the delivered line, and the facts for the envelope around it. A stand-in
 * takes the place of a line that the destination refuses for its content: it says which item is not there and why. It
 * looks like no record, so a copy of the refused line that is added later verifies. Pure.
 */
export interface Entry {
  readonly facts: ItemFacts;
  /** One line of JSON, without a line end. */
  readonly line: string;
}

/** The `kind` of the line of a stand-in. */
export const NOT_TAKEN = 'not_taken';

export function entryOf(item: OutboxItem, format: AuditFormat): Entry {
  return { facts: itemFacts(item), line: deliveredLine(format, item) };
}

/**
 * Its id is another one, so a destination that drops repeats still takes the refused line later. Its kind is its own, in
 * the envelope, too: a search finds stand-ins, and no count of outcomes has them.
 */
export function standInFor({ facts, line }: Entry, reason: SinkFailure): Entry {
  const { id, kind, seq, time } = facts;
  const said = {
    kind: NOT_TAKEN,
    reason,
    of: kind,
    audit_id: id,
    audit_seq: seq,
    at: time,
    length: line.length,
    detail: 'The destination refused this item. The ledger has it: export it with audit export.',
  };
  return {
    facts: { ...facts, id: `${id}-${NOT_TAKEN}`, kind: NOT_TAKEN, request: null },
    line: JSON.stringify(said),
  };
}
