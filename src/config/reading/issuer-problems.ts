import type * as z from 'zod';
import { issuerSchema } from '../../auth/issuers.ts';
import { didYouMean } from '../../lib/text/nearest.ts';
import { isObject } from '../../lib/parse-object.ts';

/**
 * Puts the schema's issues with AUTH_ISSUERS into words: the place as a path, and what to write there. Pure. A value is
 * never quoted, and a name only when it is one that a person would write as a member: what was pasted by mistake may be
 * a secret, and the names in `scope_map` may be addresses.
 */
export function issuerProblems(error: z.ZodError, value: unknown): readonly string[] {
  return error.issues.flatMap((issue) => ofIssue(issue, value, []));
}

/** Words of other programs and of specifications for a member of an entry. */
const SYNONYMS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    iss: 'issuer',
    url: 'issuer',
    authority: 'issuer',
    domain: 'issuer',
    aud: 'audience',
    client_id: 'claims.client_id',
    jwks: 'jwks_uri',
    keys_url: 'jwks_uri',
    id: 'name',
    provider: 'preset',
    type: 'preset',
    alg: 'algorithms',
    typ: 'token_types',
    scopes: 'claims.scopes, scope_map or grant_scopes',
    groups: 'claims.groups',
  }),
);

type Path = readonly PropertyKey[];

function ofIssue(issue: z.core.$ZodIssue, value: unknown, prefix: Path): string[] {
  const path = [...prefix, ...issue.path];
  const at = (message: string): string => `${placeOf(path)}${message}`;
  const found = valueAt(value, path);
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => `${placeOf([...path, key])}unknown${hintFor(key, membersAt(path))}`);
    case 'invalid_value':
      return found === undefined
        ? [at('is missing')]
        : [at(`must be ${choiceOf(issue.values)}${meantOf(found, issue.values)}`)];
    case 'invalid_type':
      if (found === undefined && path.length > 0) return [at('is missing')];
      return [at(`must be ${TYPES[issue.expected] ?? issue.expected}${typeHint(issue.expected, found, path)}`)];
    case 'too_small':
      return [
        at(
          issue.origin === 'string' || issue.origin === 'array'
            ? 'must not be empty'
            : `must be at least ${issue.minimum}`,
        ),
      ];
    case 'too_big':
      return [
        at(
          issue.origin === 'string'
            ? `must have at most ${issue.maximum} characters`
            : `must be at most ${issue.maximum}`,
        ),
      ];
    case 'invalid_union':
      return ofUnion(issue, value, path);
    case 'invalid_key':
      return [at(issue.issues[0]?.message ?? 'is not a valid name')];
    default:
      return [at(issue.message.replace(/^Invalid .*/, 'is not in the form that docs/config.md shows'))];
  }
}

/** Every union of the schema is a value or a list of such values. */
function ofUnion(issue: z.core.$ZodIssueInvalidUnion, value: unknown, path: Path): string[] {
  const isList = Array.isArray(valueAt(value, path));
  const alternatives = issue.errors.map((errors) => errors.flatMap((inner) => ofIssue(inner, value, path)));
  const first = alternatives.find((messages) => messages.length > 0) ?? [];
  const last = alternatives.findLast((messages) => messages.length > 0) ?? [];
  return (isList ? last : first).slice(0, isList ? undefined : 1);
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'text in double quotes',
  array: 'a list',
  object: 'an object: { }',
  record: 'an object: { }',
  number: 'a number without quotes',
  int: 'a whole number without quotes',
};

function typeHint(expected: string, found: unknown, path: Path): string {
  if (expected !== 'array' || typeof found !== 'object' || found === null) return '';
  return path.length === 0 ? ` of issuers: ${listHint(Object.entries(found))}` : '';
}

/** What makes a list of an object that is an entry, holds the list, or holds the entries by name. */
function listHint(members: readonly (readonly [string, unknown])[]): string {
  const isEntry = members.length === 0 || members.some(([name]) => Object.hasOwn(issuerSchema.shape, name));
  if (!isEntry && members.length === 1 && Array.isArray(members[0]?.[1])) {
    return 'write only the list, without the object around it';
  }
  const isByName = members.every(([, entry]) => isObject(entry));
  return !isEntry && isByName
    ? 'put [ ] in place of the outer { }, and write the name of each entry as its member "name"'
    : 'put [ ] around it';
}

/** The names that the object at this path may have. */
function membersAt(path: Path): readonly string[] {
  const [, member] = path;
  if (path.length === 1) return Object.keys(issuerSchema.shape);
  return member === 'claims' ? Object.keys(issuerSchema.shape.claims.unwrap().shape) : [];
}

function hintFor(key: string, members: readonly string[]): string {
  const synonym = members.includes('jwks_uri') ? SYNONYMS.get(key.toLowerCase()) : undefined;
  if (synonym !== undefined) return `; did you mean ${synonym}?`;
  const known = members.length === 0 ? '' : `; known are ${members.join(', ')}`;
  return didYouMean(key, members) || known;
}

function choiceOf(values: readonly unknown[]): string {
  return values
    .map(String)
    .join(', ')
    .replace(/, ([^,]*)$/, ' or $1');
}

function meantOf(found: unknown, values: readonly unknown[]): string {
  return typeof found === 'string' ? didYouMean(found, values.map(String)) : '';
}

function valueAt(value: unknown, path: Path): unknown {
  let inner: unknown = value;
  for (const step of path) {
    if (typeof inner !== 'object' || inner === null || !Object.hasOwn(inner, step)) return undefined;
    inner = (inner as Record<PropertyKey, unknown>)[step];
  }
  return inner;
}

const PLAIN_NAME = /^[A-Za-z_][A-Za-z_-]{0,31}$/;

/** `[0].claims.audience: `, or nothing for the whole list. */
function placeOf(path: Path): string {
  const text = path
    .map((step) => {
      if (typeof step === 'number') return `[${step}]`;
      return typeof step === 'string' && PLAIN_NAME.test(step) ? `.${step}` : '["…"]';
    })
    .join('');
  return text === '' ? '' : `${text}: `;
}
