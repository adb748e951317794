/** Renders the trace of `policy explain` as text and as JSON. Pure; adds nothing to the explanation. */
import type { InviteUsersRequest } from '../../contract/invite-users.ts';
import { rfc3339 } from '../../lib/rfc3339.ts';
import type { AddressDecision } from '../../policy/decision.ts';
import type { ConsideredRule, ExplainedAddress, ExplainedQuota, Explanation, Miss } from '../../policy/explain.ts';
import type { CallerRow } from '../../policy/document/schema.ts';
import { counted, printable } from '../command-line/text.ts';
import type { Paint } from '../deps.ts';

export interface ExplainReport {
  readonly path: string;
  /** 64 hex digits. */
  readonly digest: string;
  readonly as: string;
  readonly caller: CallerRow;
  readonly request: InviteUsersRequest;
  readonly nowMs: number;
  readonly handling: 'strict' | 'lenient';
  readonly failingTests: number;
  readonly explanation: Explanation;
}

/** The number of rules shown that aim at other addresses: they matter little, and there may be thousands. */
const MAX_ELSEWHERE = 8;
const MAX_LISTED = 6;

export function renderExplanation(report: ExplainReport, paint: Paint): string {
  const { path, digest, as, request, nowMs, handling, failingTests, explanation } = report;
  const { decision, addresses, quotas, callers } = explanation;
  const others = callers.filter((name) => name !== as);
  const allowed = decision.verdict === 'allow';
  return [
    `${paint('bold', printable(path))} sha256:${digest}\n`,
    failingTests === 0
      ? ''
      : `${paint('yellow', 'note')} ${counted(failingTests, 'test', 'tests')} of this file ` +
        `${failingTests === 1 ? 'fails' : 'fail'}: the service would not take it.\n`,
    `\nAsks   ${as} (${identityOf(report.caller)})${others.length === 0 ? '' : `, who is also ${others.join(', ')}`}\n`,
    `For    ${valuesOf(request)}${handling === 'lenient' ? ', handled leniently' : ''}\n`,
    `At     ${rfc3339(nowMs)}\n`,
    ...addresses.map((address) => renderAddress(address, paint)),
    quotas.length === 0 ? '' : `\n${paint('bold', 'Quotas')}\n${quotas.map(renderQuota).join('')}`,
    `\n${allowed ? paint('green', 'ALLOW') : paint('red', 'DENY')} `,
    allowed
      ? `This goes to Galileo, if the quotas have it left:\n       ${JSON.stringify(decision.effective)}\n`
      : `by ${decision.refusedBy ?? 'policy'}. Nothing is sent.\n`,
  ].join('');
}

function identityOf({ issuer, kind = 'user', ...lists }: CallerRow): string {
  const firsts = Object.entries(lists).map(([key, values]) => `${key} ${values?.[0] ?? ''}`);
  return printable([`issuer ${issuer}`, ...firsts, `kind ${kind}`].join(', '));
}

function valuesOf({ auth_method, role, group_ids, send_email }: InviteUsersRequest): string {
  const groups = group_ids.length === 0 ? 'no groups' : `groups ${group_ids.join(' ')}`;
  return `auth_method ${auth_method}, role ${role}, ${groups}, send_email ${String(send_email)}`;
}

function renderAddress({ decision, forced, rules }: ExplainedAddress, paint: Paint): string {
  const width = Math.max(
    0,
    ...[...rules.map(({ id }) => id), ...forced.map(({ rule }) => rule)].map((id) => id.length),
  );
  const row = (kind: string, id: string, values: string): string =>
    `  ${kind.padEnd(5)}  ${id.padEnd(width)}  ${values}\n`;
  const values = [...Map.groupBy(forced, ({ rule }) => rule)].map(([rule, fields]) =>
    row('force', rule, fields.map(({ field, value }) => `${field} ${shown(value)}`).join(', ')),
  );
  const elsewhere = rules.filter(aimsElsewhere);
  const hidden = new Set(elsewhere.slice(MAX_ELSEWHERE));
  return [
    `\n${paint('bold', decision.email)}\n`,
    ...values,
    ...rules.filter((rule) => !hidden.has(rule)).map((rule) => row(rule.effect, rule.id, describeRule(rule, paint))),
    hidden.size === 0 ? '' : `         and ${counted(hidden.size, 'rule', 'rules')} more that aim at other addresses\n`,
    `  → ${verdictOf(decision, paint)}\n`,
    `    ${printable(decision.message)}\n`,
  ].join('');
}

function aimsElsewhere({ misses }: ConsideredRule): boolean {
  return misses.some(({ key }) => key === 'target');
}

function shown(value: unknown): string {
  return Array.isArray(value) ? value.join(' ') || 'none' : String(value);
}

function describeRule({ effect, applies, misses }: ConsideredRule, paint: Paint): string {
  if (applies) return effect === 'deny' ? paint('red', 'hits') : paint('green', 'allows all of it');
  const reasons = misses.map(missWords).join('; ');
  return `${effect === 'deny' ? 'does not hit' : 'does not allow it'}: ${reasons}`;
}

function missWords({ key, values }: Miss): string {
  const listed = values.slice(0, MAX_LISTED).join(', ') + (values.length > MAX_LISTED ? ', …' : '');
  switch (key) {
    case 'target':
      return `aims at ${listed}`;
    case 'until':
      return `ended on ${listed}`;
    default:
      return `${key} ${listed === '' ? 'none' : listed}`;
  }
}

function verdictOf({ decision, rule, because }: AddressDecision, paint: Paint): string {
  if (decision === 'allow') return `${paint('green', 'allow')} by ${rule ?? ''}`;
  const by = rule === null ? '' : ` by ${rule}`;
  const words = because.map((reason) => REASONS[reason] ?? reason).join(', ');
  return `${paint('red', 'deny')}${by}: ${words}`;
}

/** Explanations of the reasons that are not keys of a rule. */
const REASONS: Readonly<Record<string, string>> = {
  'no-caller': 'no-caller (no caller of this file matches)',
  'no-rule': 'no-rule (no allow rule of this caller covers the address)',
  deny: 'deny (it is for everybody and everything)',
  force: 'force (other forced values than the rest of the batch, and one body goes out for all)',
};

function renderQuota({ quota, counters, amount }: ExplainedQuota): string {
  const { id, per, unit, limit, windowMs, foldsPlus } = quota;
  const over = unit === 'emails' && amount > limit ? ': this request alone is more' : '';
  const window = windowMs === null ? '' : ` in ${windowWords(windowMs)}`;
  const each = counters > 1 ? ` (${counters} counters)` : '';
  const folded = foldsPlus ? ', plus-addressing folded' : '';
  return `  ${id}: asks for ${amount} of ${limit} ${unit} per ${per}${window}${each}${folded}${over}\n`;
}

function windowWords(windowMs: number): string {
  const minutes = windowMs / 60_000;
  if (minutes % 1440 === 0) return `${minutes / 1440}d`;
  return minutes % 60 === 0 ? `${minutes / 60}h` : `${minutes}m`;
}

/** The JSON document. Names are those of the policy file and of the service's answers. */
export function toDocument({ path, digest, as, request, nowMs, handling, failingTests, explanation }: ExplainReport) {
  const { decision, callers, addresses, quotas } = explanation;
  return {
    file: path,
    digest,
    failing_tests: failingTests,
    as,
    callers,
    at: rfc3339(nowMs),
    handling,
    asked: request,
    verdict: decision.verdict,
    refused_by: decision.refusedBy,
    sends: decision.verdict === 'allow' ? decision.effective : null,
    addresses: addresses.map(({ decision: verdict, forced, rules }) => ({ ...verdict, forced, rules })),
    quotas: quotas.map(({ quota: { windowMs, foldsPlus, ...quota }, counters, amount }) => ({
      ...quota,
      window_s: windowMs === null ? null : windowMs / 1000,
      plus_addressing: foldsPlus ? 'fold' : 'keep',
      counters,
      amount,
    })),
  };
}
