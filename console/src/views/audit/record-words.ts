/** An audit record in a few words. Pure. A kind or result that this release does not know is shown as it is named. */
import type { AuditRecord } from 'galileo-invite-client/audit';
import type { Tone } from '../../parts/tone.ts';
import { AUDIT_TEXTS } from '../../texts.ts';

export function whatOf(record: AuditRecord): string {
  switch (record.kind) {
    case 'change':
      return changeWords(record.change.what);
    case 'read':
      return AUDIT_TEXTS.trail.reads(record.read.count);
    case 'suppressed':
      return AUDIT_TEXTS.trail.suppressed(record.suppressed.count);
    case 'intent':
    case 'denial':
    case 'outcome':
    case 'replay':
    case 'dry_run':
    case 'reconciliation':
      return resultWords(record.outcome.result);
    default:
      return (record satisfies never as { readonly kind: string }).kind;
  }
}

export function changeWords(what: string): string {
  return wordIn(AUDIT_TEXTS.changes.what, what);
}

export function resultWords(result: string): string {
  return wordIn(AUDIT_TEXTS.results, result);
}

function wordIn(words: Readonly<Record<string, string>>, name: string): string {
  return words[name] ?? name;
}

const TONES: Readonly<Record<string, Tone>> = {
  admitted: 'info',
  accepted: 'good',
  denied: 'bad',
  refused: 'bad',
  not_sent: 'warning',
  unknown: 'warning',
};

export function toneOf(record: AuditRecord): Tone {
  return 'outcome' in record ? (TONES[record.outcome.result] ?? 'plain') : 'plain';
}

export function whoOf(record: AuditRecord): string {
  const actor = 'actor' in record ? record.actor : undefined;
  return actor === undefined ? AUDIT_TEXTS.trail.service : AUDIT_TEXTS.trail.actor(actor.subject, actor.client_id);
}

/** The request whose story a record belongs to: a replay belongs to that of its first request. A dry run has none. */
export function requestIdOf(record: AuditRecord): string | null {
  switch (record.kind) {
    case 'intent':
    case 'denial':
    case 'outcome':
    case 'reconciliation':
      return record.request_id;
    case 'replay':
      return record.outcome.first_request_id ?? null;
    default:
      return null;
  }
}
