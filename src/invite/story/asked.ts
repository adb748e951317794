/**
 * The first sentences of a story: who asked for what, what the policy decided, and which values it put in place of the
 * caller's. Pure.
 */
import type { RecordDecision, RequestRecord } from '../../audit/record.ts';
import { malformedOnRecord } from '../../contract/read-invite.ts';
import { counted, unitWords } from '../../policy/quota-words.ts';
import type { StoryReader } from './story-event.ts';
import { addressList, foreign, listWords } from './words.ts';

const MAX_MALFORMED = 5;
const DIGEST_LENGTH = 12;

/** `Subject kim of client hr-web (issuer corp)`. */
export function actorWords({ kind, subject, client_id: client, issuer }: RequestRecord['actor']): string {
  const by = `${foreign(client)} (issuer ${foreign(issuer)})`;
  switch (kind) {
    case 'user':
      return `Subject ${foreign(subject)} of client ${by}`;
    case 'app':
      return `The app ${by}`;
    default:
      return kind satisfies never;
  }
}

export function askedWords({ kind, actor, source, request }: RequestRecord, reader: StoryReader): string {
  const { emails, email_count: total, role, auth_method: method, group_ids: groups, send_email: mail } = request;
  const asked = kind === 'dry_run' ? 'asked what would become of an invitation for' : 'asked to invite';
  const into = groups.length === 0 ? '' : `, into ${counted(groups.length, 'group', 'groups')} (${groupWords(groups)})`;
  const whom = emails === undefined || emails.length === 0 ? '' : `: ${addressList(emails, reader.addresses)}`;
  return [
    `${actorWords(actor)} ${asked} ${unitWords(total, 'emails')} as ${foreign(role)} with ${foreign(method)}${into}` +
      `${mail ? '' : ', without a mail'}${whom}.`,
    ...malformedWords(request),
    ...(reader.sees === 'everything' ? sourceWords(source) : []),
  ].join(' ');
}

/** Nothing is decided by it. */
function sourceWords({ address, user_agent: agent, origin }: RequestRecord['source']): string[] {
  const parts = [
    ...(address === null ? [] : [`from ${foreign(address)}`]),
    ...(agent === undefined ? [] : [`with User-Agent ${foreign(agent)}`]),
    ...(origin === undefined ? [] : [`with Origin ${foreign(origin)}`]),
  ];
  return parts.length === 0 ? [] : [`The request came ${parts.join(', ')}.`];
}

function malformedWords({ malformed = [] }: RequestRecord['request']): string[] {
  const shown = malformed.slice(0, MAX_MALFORMED).map((entry) => malformedOnRecord(entry).message);
  const more = malformed.length - shown.length;
  return more > 0 ? [...shown, `${more} more were left out.`] : shown;
}

function groupWords(groups: readonly string[]): string {
  return listWords(groups.slice(0, MAX_MALFORMED).map(foreign), groups.length);
}

export function policyWords({ policy, request }: RequestRecord, { addresses }: StoryReader): string {
  const { decisions } = policy;
  const [only] = decisions;
  const decided =
    only !== undefined && decisions.length === 1
      ? decisionWords(only, only.email_count === 1 ? 'the address' : `all ${unitWords(only.email_count, 'emails')}`)
      : decisions.map((one) => `${decisionWords(one, unitWords(one.email_count, 'emails'))}${whom(one)}`).join('; ');
  return `The policy ${digestWords(policy.digest)} ${decided === '' ? `said ${policy.verdict} to ${unitWords(request.email_count, 'emails')}` : decided}.`;

  function whom({ emails = [] }: RecordDecision): string {
    return emails.length === 0 ? '' : `: ${addressList(emails, addresses)}`;
  }
}

/** `sha256:` and the first hex digits. */
export function digestWords(digest: string): string {
  return `sha256:${foreign(digest.slice(0, DIGEST_LENGTH))}…`;
}

function decisionWords({ decision, rule, because }: RecordDecision, whom: string): string {
  switch (decision) {
    case 'allow':
      return `allowed ${whom}${rule === null ? '' : ` by rule ${foreign(rule)}`}`;
    case 'deny':
      return `denied ${whom}${deniedBy(rule, because)}`;
    default:
      return decision satisfies never;
  }
}

/** Reasons that are no key of a rule. */
const NO_KEYS: Readonly<Record<string, string>> = {
  'no-caller': 'because it does not know this caller',
  'no-rule': 'because no rule of this caller matches',
};

function deniedBy(rule: string | null, because: readonly string[]): string {
  const words = because.flatMap((key) => (Object.hasOwn(NO_KEYS, key) ? (NO_KEYS[key] ?? []) : []));
  const keys = because.filter((key) => !Object.hasOwn(NO_KEYS, key)).map(foreign);
  const by = rule === null ? '' : ` by rule ${foreign(rule)}`;
  return [by, ...words.map((one) => ` ${one}`), keys.length === 0 ? '' : ` (${keys.join(', ')})`].join('');
}

/** Null when nothing was forced. */
export function forcedWords({ policy: { forced } }: RequestRecord): string | null {
  if (forced.length === 0) return null;
  const values = forced.map(({ rule, field, value }) => {
    const set = Array.isArray(value) ? (value.length === 0 ? 'none' : groupWords(value)) : foreign(String(value));
    return `${foreign(field)} to ${set} (row ${foreign(rule)})`;
  });
  return `The policy set ${values.join(', ')}, whatever was asked.`;
}
