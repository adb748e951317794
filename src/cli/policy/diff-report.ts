/** The report of `policy diff`: its type, which is the shape of the JSON document, and its rendering as text. Pure. */
import type { Divergence } from '../../policy/shadow.ts';
import { counted, printable } from '../command-line/text.ts';
import type { Paint } from '../deps.ts';
import type { UnknownReason } from './replay.ts';

export interface DiffReport {
  readonly old: { readonly file: string; readonly digest: string };
  readonly new: { readonly file: string; readonly digest: string };
  readonly tests_asked: number;
  /** The tests that are decided differently. */
  readonly tests: readonly (Otherwise & { readonly file: string; readonly line: number; readonly as: string })[];
  /** Null when no ledger was read. */
  readonly requests: {
    readonly asked: number;
    readonly otherwise: readonly (Otherwise & RecordedRequest)[];
    /** The number of requests that could not be decided again, by reason. */
    readonly not_known: Readonly<Partial<Record<UnknownReason, number>>>;
  } | null;
}

export interface Otherwise {
  readonly changes: readonly Change[];
  /** Present only with --show-addresses. */
  readonly emails?: readonly string[];
}

export interface Change {
  readonly kind: Divergence['kind'];
  readonly old_rule: string | null;
  readonly new_rule: string | null;
  readonly because: readonly string[];
  readonly addresses: number;
}

export interface RecordedRequest {
  /** False when the difference depends on groups of the caller, which records do not hold. */
  readonly certain: boolean;
  readonly request_id: string;
  readonly time: string;
  readonly issuer: string;
  readonly client_id: string;
}

/** The number of entries shown. The first ones are enough to recognise a larger change; --json has all. */
const MAX_SHOWN = 50;

export function renderDiff({ old, new: next, tests, tests_asked: asked, requests }: DiffReport, paint: Paint): string {
  return [
    `old ${printable(old.file)} sha256:${old.digest}\nnew ${printable(next.file)} sha256:${next.digest}\n`,
    old.digest === next.digest ? 'The two are the same policy.\n' : '',
    `\n${paint('bold', 'Tests')} ${summary(counted(asked, 'test', 'tests'), tests.length, paint)}\n`,
    ...some(tests, ({ file, line, as, changes, emails }) =>
      entry(`${printable(file)}:${line} as ${as}`, changes, emails, paint),
    ),
    ...(requests === null ? [] : renderRequests(requests, paint)),
  ].join('');
}

function renderRequests(
  { asked, otherwise, not_known: notKnown }: NonNullable<DiffReport['requests']>,
  paint: Paint,
): string[] {
  const certain = otherwise.filter((one) => one.certain);
  const perhaps = otherwise.filter((one) => !one.certain);
  const render = (one: (typeof otherwise)[number]): string => {
    const { time, request_id: id, issuer, client_id: client, changes, emails } = one;
    return entry(`${time} ${id} from ${printable(`${client} (${issuer})`)}`, changes, emails, paint);
  };
  return [
    `\n${paint('bold', 'Recorded requests')} ${summary(counted(asked, 'request', 'requests'), certain.length, paint)}\n`,
    ...some(certain, render),
    ...(perhaps.length === 0 ? [] : [`\n${paint('bold', 'Perhaps')} ${perhaps.length} more: ${GROUPS_MATTER}\n`]),
    ...some(perhaps, render),
    ...(Object.keys(NOT_ASKED) as UnknownReason[]).map((reason) =>
      notKnown[reason] === undefined ? '' : `  ${notKnown[reason]} not asked: ${NOT_ASKED[reason]}\n`,
    ),
  ];
}

const NOT_ASKED = {
  too_many_groups: 'callers may have too many groups',
  addresses_as_hmac: 'the record holds its addresses as HMACs only (AUDIT_EMAILS=hmac), and no policy can judge those',
  addresses_not_recorded: 'the record holds no addresses',
} as const satisfies Record<UnknownReason, string>;

const GROUPS_MATTER = 'it depends on groups of the caller, which records do not hold';

function summary(of: string, otherwise: number, paint: Paint): string {
  if (otherwise === 0) return `${of}, ${paint('green', 'none decided otherwise')}`;
  return `${of}, ${paint('yellow', `${otherwise} decided otherwise`)}`;
}

function some<T>(items: readonly T[], render: (item: T) => string): string[] {
  const more = items.length - MAX_SHOWN;
  return [...items.slice(0, MAX_SHOWN).map(render), ...(more > 0 ? [`  and ${more} more; --json has them all\n`] : [])];
}

function entry(head: string, changes: readonly Change[], emails: readonly string[] | undefined, paint: Paint): string {
  const lines = changes.map((change) => `    ${changeWords(change, paint)}\n`);
  return `  ${head}\n${lines.join('')}${emails === undefined ? '' : `    ${emails.join(', ')}\n`}`;
}

function changeWords({ kind, old_rule: old, new_rule: next, because, addresses }: Change, paint: Paint): string {
  const whom = counted(addresses, 'address', 'addresses');
  const reasons = because.join(', ');
  switch (kind) {
    case 'would_allow':
      return `${paint('yellow', 'allowed')} where it was denied: ${whom}, by ${next ?? 'no rule'} (was ${old ?? 'no rule'}: ${reasons})`;
    case 'would_deny':
      return `${paint('red', 'denied')} where it was allowed: ${whom}, by ${next ?? 'no rule'}: ${reasons} (was ${old ?? 'no rule'})`;
    case 'other_values':
      return `${paint('yellow', 'sent with another')} ${reasons}: ${whom}, ${old ?? 'as asked'} → ${next ?? 'as asked'}`;
  }
}
