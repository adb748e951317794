import type { OutboxItem } from '../delivery/sink.ts';
import { ocsfLine } from './ocsf-event.ts';

/**
 * The languages the trail is delivered in. Whatever the format, the native text is in the line verbatim, so what was
 * delivered can be verified (delivered-line is the way back). Pure; says nothing of how lines travel.
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
