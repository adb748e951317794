/**
 * Writes a policy document as YAML for a reviewer. Only the digest's text is kept of a policy: comments and the order of
 * the file are gone, so keys come in the order in which docs/policy.md explains them. Invariant: what is written is read
 * back as the same policy, with the same digest. For tools: the service writes no YAML.
 */
import { stringify } from 'yaml';
import { policyFileSchema } from './document/schema.ts';
import { readPolicy } from './load.ts';

/** Keys of the file and of its rows come in this order, all others behind them. */
const KEY_ORDER = [
  ...['id', 'issuer', 'client_id', 'as', 'invite', 'allow', 'deny'],
  ...Object.keys(policyFileSchema.shape),
  ...['emails', 'roles', 'auth_methods', 'expect', 'by', 'because'],
];

/** Null when the document has no YAML form that is read back as the same, such as one with invisible characters. */
export function writePolicy(document: unknown, digest: string): string | null {
  const text = stringify(ordered(document), { version: '1.2', lineWidth: 0, aliasDuplicateObjects: false });
  const read = readPolicy(text, { issuers: 'any' });
  return read.kind === 'read' && read.policy.digest === digest ? text : null;
}

function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => rankOf(a) - rankOf(b));
  return Object.fromEntries(entries.map(([key, inner]) => [key, ordered(inner)]));
}

function rankOf(key: string): number {
  const rank = KEY_ORDER.indexOf(key);
  return rank < 0 ? KEY_ORDER.length : rank;
}
