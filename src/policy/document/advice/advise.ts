/**
 * Adds to each problem of a document what to write instead, as far as the mistake is a known one. It changes messages
 * only and decides nothing. Tools and the service on Node use it; the Worker does not have it, because a policy is
 * checked before it is pushed.
 */
import { isObject } from '../../../lib/parse-object.ts';
import type { DocumentProblem, Mistake } from '../problems.ts';
import { policyFileSchema } from '../schema.ts';
import { knownKeys } from './known-keys.ts';
import { suggest } from './suggest.ts';
import { addressAdvice, domainAdvice } from './target-advice.ts';
import { dayAdvice, instantAdvice, windowAdvice } from './time-advice.ts';
import { uuidAdvice } from './uuid-advice.ts';
import { anyOrListAdvice, kindAdvice, wordAdvice } from './value-advice.ts';

/** A suggestion compares a name with every known one, and a file may have 100,000 of both. */
const MAX_SUGGESTIONS = 100;
const MAX_CANDIDATES = 500;

/** `document` is the parsed document that the problems are of. */
export function advise(problems: readonly DocumentProblem[], document: unknown): readonly DocumentProblem[] {
  let suggestions = 0;
  return problems.map((problem) => {
    const { mistake } = problem;
    if (mistake === undefined) return problem;
    if (mistake.kind === 'unknown_name') suggestions += 1;
    if (suggestions > MAX_SUGGESTIONS) return problem;
    return { ...problem, message: problem.message + adviceOn(mistake, problem, document) };
  });
}

function adviceOn(mistake: Mistake, { path, message }: DocumentProblem, document: unknown): string {
  switch (mistake.kind) {
    case 'unknown_key':
      if (path.length === 1 && wrapped(mistake.key, document))
        return ` ${mistake.key}: the policy alone belongs in this file. Take what is under ${mistake.key}`;
      return keyAdvice(mistake.key, knownKeys(policyFileSchema, path.slice(0, -1)));
    case 'unknown_name':
      return nameAdvice(mistake);
    case 'unfit_value':
      return valueAdvice(mistake, message, { path, value: valueAt(document, path) });
  }
}

/** By the first words of the schema's own messages. */
const BY_MESSAGE: readonly (readonly [begins: string, advice: (value: unknown) => string])[] = [
  ['expected a domain', ofText(domainAdvice)],
  ['expected $set', ofText(domainAdvice)],
  ['expected an e-mail address', ofText(addressAdvice)],
  ['expected a version 4 UUID', ofText(uuidAdvice)],
  ['expected $name of a group', ofText(uuidAdvice)],
  ['expected a day', dayAdvice],
  ['expected YYYY', instantAdvice],
  ['expected a window', windowAdvice],
  ['expected a whole number', ofText(() => ': digits alone, without quotes')],
  ['expected 1', ofText(() => ': write version: 1, without quotes')],
  ['expected at least one entry', () => ': write one, or remove the key'],
];

const MISSING: Readonly<Record<string, string>> = {
  version: ': begin the file with version: 1',
  rules: ': write rules: [] to allow nothing',
};

interface Place {
  readonly path: readonly PropertyKey[];
  /** Undefined where the document has nothing. */
  readonly value: unknown;
}

function valueAdvice(
  { issue }: Extract<Mistake, { kind: 'unfit_value' }>,
  message: string,
  { path, value }: Place,
): string {
  const key = path.findLast((step) => typeof step === 'string') ?? '';
  if (value === undefined) return path.length === 1 ? (MISSING[key] ?? '') : '';
  const own = BY_MESSAGE.find(([begins]) => message.startsWith(begins));
  if (own !== undefined && issue.message === message) return own[1](value);
  switch (issue.code) {
    case 'invalid_union':
      // Only some unions have `any` as one of their alternatives.
      return issue.errors.flat().some(({ code }) => code === 'invalid_value') ? anyOrListAdvice(value, key) : '';
    case 'invalid_value':
      return wordAdvice(value, issue.values, key);
    case 'invalid_type':
      return path.length === 0 ? ': a policy begins with version: 1' : kindAdvice(issue.expected, value, key);
    default:
      return '';
  }
}

function ofText(advice: (text: string) => string): (value: unknown) => string {
  return (value) => (typeof value === 'string' ? advice(value) : '');
}

/** A Kubernetes ConfigMap as a whole, or one key around everything. */
function wrapped(key: string, document: unknown): boolean {
  if (!isObject(document)) return false;
  if (key === 'data') return document['kind'] === 'ConfigMap';
  return key === 'policy' && Object.keys(document).length === 1;
}

/** Shows the key only if it has the form of one. */
function keyAdvice(key: string, known: readonly string[]): string {
  if (key === '<<') return ' <<: merge keys are not allowed, so write the keys out in each row';
  const shown = /^[\w-]{1,64}$/.test(key) ? ` ${key}` : '';
  const meant = suggest(key, known);
  return shown + (meant === '' && known.length > 0 ? ` (known here: ${known.join(', ')})` : meant);
}

function nameAdvice({ of, name, known }: Extract<Mistake, { kind: 'unknown_name' }>): string {
  if (of === 'issuers' && name.includes('://')) return ': write the short name from AUTH_ISSUERS, not the URL';
  const bare = name.replace(/^\{(.*)\}$/, '$1');
  if (bare !== name && known.has(bare)) return `: write $${bare}, without braces`;
  return suggest(name, [...known].slice(0, MAX_CANDIDATES));
}

function valueAt(document: unknown, path: readonly PropertyKey[]): unknown {
  let inner: unknown = document;
  for (const step of path) {
    if (typeof inner !== 'object' || inner === null || !Object.hasOwn(inner, step)) return undefined;
    inner = (inner as Record<PropertyKey, unknown>)[step];
  }
  return inner;
}
