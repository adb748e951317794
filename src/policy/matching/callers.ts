/**
 * Which callers of the policy a principal is. A principal may be several; the rules of all of them apply.
 * A caller matches when all its keys hold, within a list any, in exact case. Every caller pins its issuer,
 * so two issuers that name a client alike never share rights.
 */
import type { Principal } from '../../auth/principal.ts';
import type { CallerRow } from '../document/schema.ts';
import { push } from './target-table.ts';

export interface CallerIndex {
  readonly byKey: ReadonlyMap<string, readonly NamedCaller[]>;
}

interface NamedCaller {
  readonly name: string;
  readonly row: CallerRow;
}

/** The keys a caller can be found under, most telling first; the first one it has is the one it is filed under. */
const LIST_KEYS = ['client_id', 'subject', 'groups'] as const;

export function indexCallers(callers: Readonly<Record<string, CallerRow>>): CallerIndex {
  const byKey = new Map<string, NamedCaller[]>();
  for (const [name, row] of Object.entries(callers)) {
    const filed = LIST_KEYS.find((key) => row[key] !== undefined);
    const values = filed === undefined ? [''] : new Set(row[filed]);
    for (const value of values) push(byKey, fileKey(row.issuer, filed ?? 'issuer', value), { name, row });
  }
  return { byKey };
}

/** Names of the callers that this principal is. */
export function matchCallers(index: CallerIndex, principal: Principal): string[] {
  const claims = claimsOf(principal);
  const keys = [
    fileKey(principal.issuer, 'issuer', ''),
    ...LIST_KEYS.flatMap((key) => claims[key].map((value) => fileKey(principal.issuer, key, value))),
  ];
  const filed = keys.flatMap((key) => index.byKey.get(key) ?? []);
  return [...new Set(filed.filter(({ row }) => matches(row, principal, claims)).map(({ name }) => name))];
}

function matches(row: CallerRow, principal: Principal, claims: ReturnType<typeof claimsOf>): boolean {
  return (
    row.issuer === principal.issuer &&
    (row.kind === undefined || row.kind === principal.kind) &&
    LIST_KEYS.every((key) => row[key]?.some((value) => claims[key].includes(value)) ?? true)
  );
}

function claimsOf(principal: Principal): Readonly<Record<(typeof LIST_KEYS)[number], readonly string[]>> {
  return { client_id: [principal.clientId], subject: [principal.subject], groups: principal.groups };
}

/** JSON of a list of strings: no two triples make the same key. */
function fileKey(issuer: string, key: string, value: string): string {
  return JSON.stringify([issuer, key, value]);
}
