/**
 * Keeps the capabilities of callers as the JSON text of an answer, so that GET /v2/invite_policy compiles rules once per
 * policy and caller and not once per request. Two principals have the same text when they match the same callers of the
 * policy. A text counts until the next end date of a rule, and from the last one on: the clock may be set back. It holds no
 * counter. Invariant: a text is what `describeCapabilities` returns now, because a compiled policy never changes, nor do
 * the names beside it: other names are another object.
 */
import type { Principal } from '../../auth/principal.ts';
import type { GroupNames } from './group-names.ts';
import { describeCapabilities } from './capabilities.ts';
import type { CompiledPolicy } from '../compile.ts';
import { callerOf } from '../evaluate.ts';
import { matchCallers, suspectCallers } from '../matching/callers.ts';

export interface CapabilityTexts {
  /** The JSON object of the principal's capabilities at this time. */
  textFor(policy: CompiledPolicy, principal: Principal, nowMs: number, others?: GroupNames['names']): string;
}

/** In UTF-16 code units, per policy. A longer text is made for each request. */
const MAX_KEPT_LENGTH = 8_000_000;

interface Kept {
  readonly text: string;
  /** Inclusive. */
  readonly fromMs: number;
  /** Exclusive. */
  readonly untilMs: number;
}

export function createCapabilityTexts(maxKeptLength = MAX_KEPT_LENGTH): CapabilityTexts {
  /** Texts of a policy that was replaced are collected with it. */
  const byPolicy = new WeakMap<
    CompiledPolicy,
    { readonly texts: KeptTexts; readonly others: GroupNames['names'] | undefined }
  >();
  return {
    textFor(policy, principal, nowMs, others) {
      const before = byPolicy.get(policy);
      const kept = before !== undefined && before.others === others ? before.texts : createKeptTexts(maxKeptLength);
      byPolicy.set(policy, { texts: kept, others });
      const key = JSON.stringify([matchCallers(policy.callers, principal), suspectCallers(policy.callers, principal)]);
      const known = kept.find(key);
      if (known !== undefined && known.fromMs <= nowMs && nowMs < known.untilMs) return known.text;
      const text = JSON.stringify(describeCapabilities(policy, principal, nowMs, others));
      kept.keep(key, { text, ...periodAround(policy, principal, nowMs) });
      return text;
    },
  };
}

/** The time around `nowMs` in which no rule that concerns the principal ends. */
function periodAround(policy: CompiledPolicy, principal: Principal, nowMs: number): Omit<Kept, 'text'> {
  const own = callerOf(policy, principal).rules;
  let [fromMs, untilMs] = [-Infinity, Infinity];
  for (const { rows } of [policy.denyAny, ...own.flatMap(({ allow, deny }) => [allow, deny])]) {
    for (const { untilMs: endMs } of rows) {
      if (endMs <= nowMs) fromMs = Math.max(fromMs, endMs);
      else untilMs = Math.min(untilMs, endMs);
    }
  }
  return { fromMs, untilMs };
}

interface KeptTexts {
  find(key: string): Kept | undefined;
  keep(key: string, kept: Kept): void;
}

/** Drops the texts that were kept first when there is no room. */
function createKeptTexts(maxLength: number): KeptTexts {
  const texts = new Map<string, Kept>();
  let length = 0;
  const drop = (key: string): void => {
    length -= texts.get(key)?.text.length ?? 0;
    texts.delete(key);
  };
  return {
    find: (key) => texts.get(key),
    keep(key, kept) {
      drop(key);
      if (kept.text.length > maxLength) return;
      for (const first of texts.keys()) {
        if (length + kept.text.length <= maxLength) break;
        drop(first);
      }
      texts.set(key, kept);
      length += kept.text.length;
    },
  };
}
