import { sha256Hex } from '../../../lib/sha256.ts';
import type { Findings } from '../findings.ts';

/**
 * Checks the policies that a ledger keeps: each stored text must have the digest under which it is stored. The hash chain
 * covers the digests in the records, so a text with that digest is the policy that decided. A policy that a record names
 * and the ledger does not keep is no fault: it decided under an earlier release, or its text was removed. It is counted.
 */
export interface PolicyTable {
  digests(): Promise<readonly string[]>;
  /** The stored text; null when there is none. */
  text(digest: string): Promise<string | null>;
}

export interface KeptPolicies {
  /** Notes the digest that a stored line names. */
  see(line: string): void;
  /** Adds the findings. Called once, after the last line. */
  check(findings: Findings): Promise<void>;
  /** After the check. */
  summary(): PolicySummary;
}

export interface PolicySummary {
  /** How many policies the ledger keeps. */
  readonly kept: number;
  /** The digests that records name and the ledger does not keep, in order. */
  readonly not_kept: readonly string[];
}

/** A forged trail could name one in each record. */
const MAX_DIGESTS = 10_000;
/** No other member of a record has this name, and inside a text its quotes would be escaped. */
const NAMED = /"digest":"([0-9a-f]{64})"/;

export function createKeptPolicies(table: PolicyTable): KeptPolicies {
  const named = new Set<string>();
  let kept: readonly string[] = [];
  return {
    see(line) {
      const digest = NAMED.exec(line)?.[1];
      if (digest !== undefined && named.size < MAX_DIGESTS) named.add(digest);
    },
    async check(findings) {
      kept = await table.digests();
      for (const digest of kept) {
        const text = await table.text(digest);
        if (text === null || sha256Hex(text) !== digest)
          findings.add({ kind: 'policy_refuted', seq: null, place: 'the policies of the ledger', against: digest });
      }
    },
    summary() {
      const all = new Set(kept);
      return { kept: kept.length, not_kept: [...named].filter((digest) => !all.has(digest)).toSorted() };
    },
  };
}
