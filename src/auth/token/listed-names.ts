import { holdsInvisible } from '../../lib/text/invisible-text.ts';
import { claimAt, isLeftOut } from './claim-at.ts';
import type { JsonObject } from './claim-at.ts';

/**
 * Reads the claims that list names: groups and scopes. Issuers write such a claim as a list, as one text, or as null.
 * The first claim of the profile that is there counts. What cannot be read grants nothing and does not cost the token,
 * and `unreadable` says that it is there. Nothing is coerced or repaired.
 */
export interface ListedNames {
  readonly names: readonly string[];
  /** Why a part of the claim cannot be read. Null: the names are all of them. */
  readonly unreadable: UnreadableReason | null;
}

export type UnreadableReason =
  /** Null, a number or an object in place of a name or of the list; a name with invisible characters or blanks around it. */
  | 'form'
  /** One text that may be a list which the issuer joined. */
  | 'joined'
  | 'too_many'
  /** The issuer left the claim out and says so. */
  | 'left_out';

const MAX_GROUPS = 1000;
/** Names reach policies, records and counter keys. */
const MAX_NAME_LENGTH = 255;
/** RFC 8693 §4.2 and Entra ID: one text holds several scopes, with spaces between. */
const SPACE_SEPARATED: ReadonlySet<string> = new Set(['scope', 'scp']);
/** A list in the notation of JSON, Java or Go. */
const LIST_NOTATION = /^[[{].*[\]}]$/s;
/** What issuers put between names: `^` is SiteMinder's. A second `CN=` may begin a second name. */
const MAYBE_SEVERAL = /[,;|^]|\bCN=.*\bCN=/is;
/** The distinguished name of one entry: `CN=it-admins,OU=Groups,DC=acme,DC=com`. No value holds `=`, as a second name would. */
const DISTINGUISHED_NAME = /^CN=[^,;|^=]+(?:,(?:CN|OU)=[^,;|^=]+)*(?:,(?:DC|O|C)=[^,;|^=]+)+$/i;

/**
 * One text is one group, because a group's name may contain blanks. An empty text is no group. A list with more groups
 * than are read is not read at all, so that the result does not depend on its order.
 */
export function readGroups(claims: JsonObject, candidates: readonly string[]): ListedNames {
  const { claim, value } = firstThere(claims, candidates);
  if (claim === null) return { names: [], unreadable: null };
  const items = itemsOf(value)?.filter((item) => item !== '');
  const leftOut = isLeftOut(claims, claim) ? 'left_out' : null;
  if (items === undefined) return { names: [], unreadable: leftOut ?? 'form' };
  if (items.length > MAX_GROUPS) return { names: [], unreadable: 'too_many' };
  const joined = typeof value === 'string' && mayBeJoined(value) ? 'joined' : null;
  const names = typeof value === 'string' && LIST_NOTATION.test(value) ? [] : items.filter(isGroupName);
  return { names, unreadable: leftOut ?? joined ?? (names.length < items.length ? 'form' : null) };
}

/** `whole` is the text of a claim that is one text and may be one name, such as a role: `scope_map` may translate it. */
export interface ListedScopes extends ListedNames {
  readonly whole: string | null;
}

/** RFC 6749 §3.3: one text with spaces between the scopes. In a list, each text is one scope as it is written. */
export function readScopes(claims: JsonObject, candidates: readonly string[]): ListedScopes {
  const { claim, value } = firstThere(claims, candidates);
  if (claim === null) return { names: [], unreadable: null, whole: null };
  const items = typeof value === 'string' ? value.split(' ') : itemsOf(value);
  const names = (items ?? []).filter((item) => typeof item === 'string');
  const isWhole = names.length === items?.length;
  return {
    names,
    unreadable: isWhole ? null : isLeftOut(claims, claim) ? 'left_out' : 'form',
    whole: typeof value === 'string' && !SPACE_SEPARATED.has(claim) ? value : null,
  };
}

/** The first of these claims that the token has, or that its issuer left out. Its value is null if it has none. */
function firstThere(claims: JsonObject, candidates: readonly string[]): { claim: string | null; value: unknown } {
  for (const claim of candidates) {
    const value = claimAt(claims, claim);
    if (value !== undefined) return { claim, value };
    if (isLeftOut(claims, claim)) return { claim, value: null };
  }
  return { claim: null, value: null };
}

function itemsOf(value: unknown): readonly unknown[] | undefined {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? (value as readonly unknown[]) : undefined;
}

function isGroupName(item: unknown): item is string {
  return typeof item === 'string' && item.length <= MAX_NAME_LENGTH && item === item.trim() && !holdsInvisible(item);
}

/** A list never is: there the issuer separates the names itself. */
function mayBeJoined(text: string): boolean {
  return LIST_NOTATION.test(text) || (MAYBE_SEVERAL.test(text) && !DISTINGUISHED_NAME.test(text));
}
