/**
 * The largest policy, measured as the RFC 8785 text that the digest covers. The ledger keeps this text for each policy
 * that decided something, and a value in a Durable Object's storage has at most 2 MB; the rest of that is room for the
 * row. The limit is the same on every platform, so that a policy can move from one to the other.
 */
export const MAX_POLICY_BYTES = 1_900_000;

export function isStorable(document: string): boolean {
  // A UTF-16 code unit takes at least one byte of UTF-8.
  return document.length <= MAX_POLICY_BYTES && sizeOf(document) <= MAX_POLICY_BYTES;
}

/** The problem of a policy that is too large, as a sentence; null when it is not. */
export function sizeProblem(document: string): string | null {
  if (isStorable(document)) return null;
  return `the policy has ${sizeOf(document)} bytes as JSON, and the ledger keeps at most ${MAX_POLICY_BYTES}: remove entries that a wildcard covers`;
}

function sizeOf(document: string): number {
  return new TextEncoder().encode(document).length;
}
