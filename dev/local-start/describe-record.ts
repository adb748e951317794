/**
 * Who asked for what, and how it ended, from an audit record, in a few words for a developer's terminal:
 * `hr-portal/ann bob@gmail.com → never-invite (domains)`.
 */
import type { RequestRecord } from '../../src/audit/record.ts';

/** The records that say how a request was answered. An intent is followed by its outcome. */
const DECISIVE: ReadonlySet<string> = new Set(['denial', 'outcome', 'replay', 'dry_run']);
const MAX_ADDRESSES = 3;

type Decision = RequestRecord['policy']['decisions'][number];

export function isDecision(record: unknown): record is RequestRecord {
  return typeof record === 'object' && record !== null && 'kind' in record && DECISIVE.has(String(record.kind));
}

export function describeRecord(record: RequestRecord): string {
  const { kind, outcome, policy } = record;
  const denied = policy.decisions.filter(({ decision }) => decision === 'deny');
  const allowed = policy.decisions.filter(({ decision }) => decision === 'allow');
  const refusals = denied.map((one) => `${addresses(one, record)} → ${reason(one)}`);
  switch (kind) {
    case 'denial':
      return sentence(record, outcome.quota === undefined ? refusals : [`${all(record)} → quota ${outcome.quota}`]);
    case 'dry_run':
      return sentence(record, [`dry run → ${policy.verdict}${denied.map((one) => ` ${reason(one)}`).join(',')}`]);
    case 'replay':
      return sentence(record, [`${all(record)} → replayed`]);
    default: {
      const end = outcome.code ?? outcome.result;
      return sentence(record, [...allowed.map((one) => `${addresses(one, record)} → ${end}`), ...refusals]);
    }
  }
}

function sentence({ actor }: RequestRecord, parts: readonly string[]): string {
  const who = actor.kind === 'app' ? actor.client_id : `${actor.client_id}/${actor.subject}`;
  return `${who} ${parts.join('; ')}`;
}

function reason({ rule, because }: Decision): string {
  return rule === null ? because.join(' ') : `${rule} (${because.join(' ')})`;
}

function addresses(decision: Decision, record: RequestRecord): string {
  return listed(decision.emails ?? record.request.emails ?? [], decision.email_count);
}

function all({ request }: RequestRecord): string {
  return listed(request.emails ?? [], request.email_count);
}

function listed(emails: readonly string[], count: number): string {
  const shown = emails.slice(0, MAX_ADDRESSES);
  const more = count - shown.length;
  if (shown.length === 0) return count === 1 ? '1 address' : `${count} addresses`;
  return [...shown, ...(more === 0 ? [] : [`and ${more} more`])].join(' ');
}
