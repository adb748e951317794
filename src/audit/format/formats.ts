import { seqAt } from '../delivery/outbox-position.ts';
import type { OutboxItem } from '../delivery/sink.ts';
import { parseObject } from '../../lib/parse-object.ts';
import { ocsfLine, unreadableOcsfLine } from './ocsf-event.ts';

/**
 * The formats in which the trail is delivered. In every format the line contains the native text verbatim, so delivered
 * lines can be verified (line-forms/delivered-line reads them back). Pure. Transport is not part of this file.
 */
export const AUDIT_FORMATS = ['native', 'ocsf'] as const;
export type AuditFormat = (typeof AUDIT_FORMATS)[number];

const LINE_IN = {
  native: ({ line }) => line,
  ocsf: ocsfLine,
} as const satisfies Record<AuditFormat, (item: OutboxItem) => string>;

/** One line, without a line end. Throws when a damaged item has no form in this format. */
export function formatItem(format: AuditFormat, item: OutboxItem): string {
  return LINE_IN[format](item);
}

/**
 * The line for a sink, always one line of JSON. A damaged item is delivered too, as a text inside an object: as it is,
 * it would break the batch of every other item, and left out it would go unseen. Verifying delivered lines shows it.
 */
export function deliveredLine(format: AuditFormat, item: OutboxItem): string {
  try {
    if (parseObject(item.line) !== null && !/[\n\r]/.test(item.line)) return formatItem(format, item);
  } catch {
    // A member is not of the type that the format expects.
  }
  return UNREADABLE_IN[format](item);
}

const UNREADABLE_IN = {
  native: ({ position, kind, line }) =>
    // The member is one that only records and checkpoints have, so that a verification takes the line for one.
    JSON.stringify({ kind: 'unreadable', ...(kind === 'record' ? { seq: seqAt(position) } : { head: null }), line }),
  ocsf: unreadableOcsfLine,
} as const satisfies Record<AuditFormat, (item: OutboxItem) => string>;
