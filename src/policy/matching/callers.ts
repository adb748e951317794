/**
 * Finds the callers of the policy that a principal matches. It may match several; the rules of all of them apply.
 * A caller matches when all its keys match; a list matches when one of its entries does, in exact case. Every caller
 * names its issuer, so two issuers that use the same client name never share rights. A group of the token that cannot be
 * read may be any group: `suspectCallers` finds the callers that the principal would match then.
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

/** The keys of the index, most selective first. A caller is indexed under the first one that it has. */
const LIST_KEYS = ['client_id', 'subject', 'groups'] as const;

export function indexCallers(callers: Readonly<Record<string, CallerRow>>): CallerIndex {
  const byKey = new Map<string, NamedCaller[]>();
  for (const [name, row] of Object.entries(callers)) {
    const filed = LIST_KEYS.find((key) => row[key] !== undefined);
    const values = filed === undefined ? [''] : new Set(row[filed]);
    for (const value of values) push(byKey, fileKey(row.issuer, filed ?? 'issuer', value), { name, row });
    if (row.groups !== undefined) push(byKey, fileKey(row.issuer, 'any group', ''), { name, row });
  }
  return { byKey };
}

/** Names of the callers that this principal matches. */
export function matchCallers(index: CallerIndex, principal: Principal): string[] {
  const listed = listedValues(principal);
  const keys = [
    fileKey(principal.issuer, 'issuer', ''),
    ...LIST_KEYS.flatMap((key) => listed[key].map((value) => fileKey(principal.issuer, key, value))),
  ];
  const filed = keys.flatMap((key) => index.byKey.get(key) ?? []);
  return [...new Set(filed.filter(({ row }) => matches(row, principal, listed)).map(({ name }) => name))];
}

/** Names of the callers that this principal does not match, but would if its unreadable group were one of theirs. */
export function suspectCallers(index: CallerIndex, principal: Principal): string[] {
  if (principal.hasUnreadableGroups !== true) return [];
  const listed = listedValues(principal);
  const byGroup = index.byKey.get(fileKey(principal.issuer, 'any group', '')) ?? [];
  return byGroup
    .filter(({ row }) => !matches(row, principal, listed))
    .filter(({ row }) => matches(row, principal, { ...listed, groups: row.groups ?? [] }))
    .map(({ name }) => name);
}

function matches(row: CallerRow, principal: Principal, listed: ReturnType<typeof listedValues>): boolean {
  return (
    row.issuer === principal.issuer &&
    (row.kind === undefined || row.kind === principal.kind) &&
    LIST_KEYS.every((key) => row[key]?.some((value) => listed[key].includes(value)) ?? true)
  );
}

function listedValues(principal: Principal): Readonly<Record<(typeof LIST_KEYS)[number], readonly string[]>> {
  return { client_id: [principal.clientId], subject: [principal.subject], groups: principal.groups };
}

/** JSON of a list of strings, so no two triples have the same key. */
function fileKey(issuer: string, key: string, value: string): string {
  return JSON.stringify([issuer, key, value]);
}
