/**
 * Finds the callers of the policy that a principal matches. It may match several; the rules of all of them apply.
 * A caller matches when all its keys match; a list matches when one of its entries does, in exact case except that of
 * UUIDs. Every caller names its issuer, so two issuers that use the same client name never share rights. A group or kind
 * that cannot be read may be any: `suspectCallers` finds the callers that the principal would match then.
 */
import type { Principal } from '../../auth/principal.ts';
import { UUID } from '../../lib/uuid.ts';
import type { CallerRow } from '../document/schema.ts';
import { push } from './target-table.ts';

export interface CallerIndex {
  readonly byKey: ReadonlyMap<string, readonly NamedCaller[]>;
}

interface NamedCaller {
  readonly name: string;
  readonly row: CallerRow;
}

/** The keys of the index, most selective first. A caller is indexed under the first one that it has. */
const LIST_KEYS = ['client_id', 'subject', 'groups'] as const;
const KEYS = [...LIST_KEYS, 'kind'] as const;
const UUID_LENGTH = 36;

/** The values of a principal for each key of a caller. Null: any value. */
type Values = Readonly<Record<(typeof KEYS)[number], readonly string[] | null>>;

export function indexCallers(callers: Readonly<Record<string, CallerRow>>): CallerIndex {
  const byKey = new Map<string, NamedCaller[]>();
  for (const [name, given] of Object.entries(callers)) {
    const row = { ...given };
    for (const key of LIST_KEYS) if (row[key] !== undefined) row[key] = row[key].map(comparable);
    const filed = LIST_KEYS.find((key) => row[key] !== undefined);
    const values = filed === undefined ? [''] : new Set(row[filed]);
    for (const value of values) push(byKey, fileKey(row.issuer, filed ?? 'issuer', value), { name, row });
    if (row.groups !== undefined || row.kind !== undefined) {
      push(byKey, fileKey(row.issuer, 'any group or kind', ''), { name, row });
    }
  }
  return { byKey };
}

/** Names of the callers that this principal matches. */
export function matchCallers(index: CallerIndex, principal: Principal): string[] {
  const values = readableValues(principal);
  const keys = [
    fileKey(principal.issuer, 'issuer', ''),
    ...LIST_KEYS.flatMap((key) => (values[key] ?? []).map((value) => fileKey(principal.issuer, key, value))),
  ];
  const filed = keys.flatMap((key) => index.byKey.get(key) ?? []);
  return [...new Set(filed.filter(({ row }) => matches(row, principal, values)).map(({ name }) => name))];
}

/** Names of the callers that this principal does not match, but would if what cannot be read were one of theirs. */
export function suspectCallers(index: CallerIndex, principal: Principal): string[] {
  const { hasUnreadableGroups = false, hasUnreadableKind = false } = principal;
  if (!hasUnreadableGroups && !hasUnreadableKind) return [];
  const readable = readableValues(principal);
  const possible = {
    ...readable,
    groups: hasUnreadableGroups ? null : readable.groups,
    kind: hasUnreadableKind ? null : readable.kind,
  };
  const doubtful = index.byKey.get(fileKey(principal.issuer, 'any group or kind', '')) ?? [];
  return doubtful
    .filter(({ row }) => !matches(row, principal, readable) && matches(row, principal, possible))
    .map(({ name }) => name);
}

function matches(row: CallerRow, principal: Principal, values: Values): boolean {
  return (
    row.issuer === principal.issuer &&
    KEYS.every((key) => {
      const [wanted, own] = [row[key], values[key]];
      return wanted === undefined || own === null || [wanted].flat().some((value) => own.includes(value));
    })
  );
}

function readableValues({ clientId, subject, groups, kind, hasUnreadableKind }: Principal): Values {
  return {
    client_id: [comparable(clientId)],
    subject: [comparable(subject)],
    groups: groups.map(comparable),
    kind: hasUnreadableKind === true ? [] : [kind],
  };
}

/** A UUID means the same in any case (RFC 9562 §4): in lower case it can be compared. Other texts stay as they are. */
function comparable(text: string): string {
  if (text.length !== UUID_LENGTH) return text;
  const lower = text.toLowerCase();
  return UUID.test(lower) ? lower : text;
}

/** JSON of a list of strings, so no two triples have the same key. */
function fileKey(issuer: string, key: string, value: string): string {
  return JSON.stringify([issuer, key, value]);
}
