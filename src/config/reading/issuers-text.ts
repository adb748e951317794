import type { IssuerConfig } from '../../auth/issuers.ts';
import { issuersSchema } from '../../auth/issuers.ts';
import { parseStrictJson } from '../../contract/strict-json.ts';
import { withoutMarkAndLineEnd } from '../../lib/text/wrapped-value.ts';
import { issuerProblems } from './issuer-problems.ts';
import { jsonFault } from './json-fault.ts';

/** Reads the list of issuers from a text, of a variable or a file alike. Pure. No problem quotes a value. */
export type IssuersRead =
  | { readonly kind: 'read'; readonly issuers: readonly IssuerConfig[] }
  /** Second halves of sentences that begin with the name of the setting. */
  | { readonly kind: 'refused'; readonly problems: readonly string[] };

export function readIssuers(raw: string): IssuersRead {
  const text = withoutMarkAndLineEnd(raw);
  const json = parseStrictJson(text);
  if (json.kind === 'invalid') return { kind: 'refused', problems: [jsonFault(text, json)] };
  // A JSON text in quotes is valid JSON too: a text.
  if (typeof json.value === 'string')
    return { kind: 'refused', problems: [jsonFault(text, { kind: 'invalid', position: 0, reason: 'syntax' })] };
  const parsed = issuersSchema.safeParse(json.value);
  return parsed.success
    ? { kind: 'read', issuers: parsed.data }
    : { kind: 'refused', problems: issuerProblems(parsed.error, json.value) };
}
