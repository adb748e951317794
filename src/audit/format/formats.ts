import type { OutboxItem } from '../delivery/sink.ts';
import { ocsfLine } from './ocsf-event.ts';

/**
 * The formats in which the trail is delivered. In every format the line contains the native text verbatim, so delivered
 * lines can be verified (verify/delivered-line reads them back). Pure. Transport is not part of this file.
 */
export const AUDIT_FORMATS = ['native', 'ocsf'] as const;
export type AuditFormat = (typeof AUDIT_FORMATS)[number];

const LINE_IN = {
  native: ({ line }) => line,
  ocsf: ocsfLine,
} as const satisfies Record<AuditFormat, (item: OutboxItem) => string>;

/** One line, without a line end. */
export function formatItem(format: AuditFormat, item: OutboxItem): string {
  return LINE_IN[format](item);
}
