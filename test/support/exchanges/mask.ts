/**
 * What may differ between an example and the real answer: UUIDv7 ids, trace ids and SHA-256 digests. Each becomes a number in the
 * order of its first appearance, so that equal ids stay equal and different ones stay different. All else must be equal.
 */
import type { ExampleAnswer } from '../../../src/openapi/examples/exchange.ts';

const ID = /\b[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\b/g;
const TRACE_ID = /\b[0-9a-f]{32}\b/g;
/** Whole, or as a sentence shortens it. */
const DIGEST = /\b[0-9a-f]{64}\b|(?<=sha256:)[0-9a-f]{12}(?=…)/g;

export function maskAnswer({ status, headers, body }: ExampleAnswer): unknown {
  const seen = new Map<string, string>();
  const number = (kind: string) => (value: string) => {
    const known = seen.get(value) ?? `<${kind} ${seen.size + 1}>`;
    seen.set(value, known);
    return known;
  };
  const masked = (value: unknown): unknown => {
    if (typeof value === 'string') {
      const withoutIds = value.replaceAll(ID, number('id')).replaceAll(TRACE_ID, number('trace'));
      return withoutIds.replaceAll(DIGEST, number('digest'));
    }
    if (Array.isArray(value)) return value.map(masked);
    if (typeof value !== 'object' || value === null) return value;
    const sorted = Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1));
    return Object.fromEntries(sorted.map(([name, inner]) => [name, masked(inner)]));
  };
  return masked({ status, headers, body: body ?? null });
}
