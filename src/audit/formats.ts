import type { OutboxItem } from './sink.ts';
import { ocsfLine } from './format-ocsf.ts';

/**
 * The languages the trail is delivered in. Whatever the format, the native text is in the line verbatim, so what was
 * delivered can be verified (delivered-line is the way back). Pure; says nothing of how lines travel.
 */
const FORMATS = {
  native: ({ line }) => line,
  ocsf: ocsfLine,
} as const satisfies Record<string, (item: OutboxItem) => string>;

export type AuditFormat = keyof typeof FORMATS;

/** One line, without a line end. */
export function formatItem(format: AuditFormat, item: OutboxItem): string {
  return FORMATS[format](item);
}
