import { sha256Hex } from '../../lib/sha256.ts';
import type { Background } from '../../ports/background.ts';
import type { Clock } from '../../ports/clock.ts';
import type { FetchDocument } from '../../ports/fetch-document.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Metrics } from '../../ports/metrics.ts';
import type { IssuerProfile } from '../issuer-profile.ts';
import type { UrlRules } from '../issuers.ts';
import { printableName } from '../nearest-issuer.ts';
import { chooseKeys } from './choose-keys.ts';
import type { WantedKey } from './choose-keys.ts';
import { DOCUMENT_TIMEOUT_MS, fetchKeySet, KEY_SOURCE_FAILURES } from './key-source.ts';
import type { KeySourceFailed, KeySourceResult } from './key-source.ts';
import type { ProxyFailure } from '../../ports/http.ts';
import { createMissingKeys } from './missing-keys.ts';
import { selectUsableKeys } from './verification-key.ts';
import type { KeyFault, UsableKeys, VerificationKey } from './verification-key.ts';

/**
 * A cache of one issuer's keys: it decides when to fetch, how long to trust and when to give up. key-source fetches the
 * keys, verification-key selects the usable ones. Only requests and the injected clock drive it; there is no timer.
 * Invariants:
 * - A key that the last successful fetch did not contain verifies nothing.
 * - While the issuer answers, no key is used for longer than MAX_AGE_MS + REFRESH_BEHIND_MS after its fetch. After that
 *   time a fetch is awaited, which its own timeouts bound.
 * - No key is used for longer than MAX_AGE_MS + MAX_STALE_MS after its fetch.
 * - The cool-down and the back-off bound the number of fetches, whatever callers send.
 * - A problem with the issuer gives `unavailable`, never a verdict on a token. The same holds for a key that was first
 *   asked for after the last fetch began, until the next fetch.
 */
export const MAX_AGE_MS = 10 * 60_000;
/** `stale-while-revalidate` (RFC 5861 §3): for how long beyond MAX_AGE_MS a fetch runs behind the answers. */
export const REFRESH_BEHIND_MS = 5 * 60_000;
/** `stale-if-error` (RFC 5861 §4): how long keys are used beyond MAX_AGE_MS while fetches fail. */
export const MAX_STALE_MS = 60 * 60_000;
/** After a success, a missing key causes no new fetch for this long. */
export const COOL_DOWN_MS = 30_000;
export const BACK_OFF_MS = { first: 1000, cap: 60_000 };
/** When a caller may try again while the issuer cannot be reached. */
const UNREACHABLE_RETRY_MS = 5000;
/** Enough for metadata at two places and the key set. A fetch that takes longer is considered lost. */
const FETCH_BUDGET_MS = 3 * DOCUMENT_TIMEOUT_MS + 1000;

/** Why a fetch brought no keys, where no egress proxy is the cause. */
export const KEY_SET_FAILURES = [...KEY_SOURCE_FAILURES, 'not_a_key_set', 'no_usable_key'] as const;

type KeySetFailure = (typeof KEY_SET_FAILURES)[number] | ProxyFailure;

export interface KeySet {
  /**
   * The keys that are trusted now. When `wanted` is not among them, they are fetched again if that may help.
   * The result is `unavailable` if a fetch might have helped but could not be done.
   */
  keys(wanted?: WantedKey): Promise<KeySetResult>;
  /**
   * The keys after those of this version, with which a signature did not fit: an issuer may have put a new key in the
   * place of another, under the same `kid`. Null when there are none, or none may be fetched yet.
   */
  newerThan(version: number): Promise<TrustedKeys | null>;
}

export type KeySetResult = TrustedKeys | KeysUnavailable;

export interface TrustedKeys {
  readonly kind: 'keys';
  readonly keys: readonly VerificationKey[];
  /** Changes whenever the key set document does. */
  readonly version: number;
}

export interface KeysUnavailable {
  readonly kind: 'unavailable';
  readonly reason: 'issuer_unreachable' | 'key_not_seen_yet';
  /** When the answer may be another one. */
  readonly retryAfterMs: number;
}

export interface KeySetDeps {
  readonly profile: IssuerProfile;
  readonly fetchDocument: FetchDocument;
  readonly clock: Clock;
  readonly rules: UrlRules;
  /** False where a promise begun in one request may not be awaited in another (Workers). */
  readonly canAwaitAcrossRequests: boolean;
  /** Keeps a fetch running after the request that started it has ended, because other requests rely on it. */
  readonly background: Background;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

interface HeldKeys {
  readonly keys: readonly VerificationKey[];
  readonly digest: string;
  readonly version: number;
  /** When the fetch began, minus the age of a shared document. The keys are never older than this time says. */
  readonly fetchedAt: number;
  readonly attempt: number;
}

const UNREACHABLE: KeysUnavailable = {
  kind: 'unavailable',
  reason: 'issuer_unreachable',
  retryAfterMs: UNREACHABLE_RETRY_MS,
};

export function createKeySet(deps: KeySetDeps): KeySet {
  const { profile, clock, metrics, logger } = deps;
  let held: HeldKeys | null = null;
  let failures = 0;
  let failedAt = 0;
  /** Fetches are numbered, because the clock may be set back. */
  let lastAttempt = 0;
  let lastAttemptAtFailure = 0;
  let lastVersion = 0;
  let inFlight: Promise<void> | null = null;
  let inFlightSince = 0;
  const missing = createMissingKeys();

  const isWithin = (since: number, periodMs: number): boolean => {
    const age = clock.now() - since;
    return age >= 0 && age < periodMs; // A negative age, after the clock was set back, is not within the period.
  };
  const usable = (): HeldKeys | null =>
    held !== null && isWithin(held.fetchedAt, MAX_AGE_MS + MAX_STALE_MS) ? held : null;
  /** Recent enough to answer with while a fetch runs. */
  const isRecent = ({ fetchedAt }: HeldKeys): boolean => isWithin(fetchedAt, MAX_AGE_MS + REFRESH_BEHIND_MS);
  const isBackingOff = (): boolean => {
    return failures > 0 && isWithin(failedAt, Math.min(BACK_OFF_MS.first * 2 ** (failures - 1), BACK_OFF_MS.cap));
  };

  const fail = (reason: KeySetFailure, attempt: number, more: Readonly<Record<string, string>> = {}): void => {
    // Concurrent fetches that fail together count as one failure, not as consecutive ones.
    if (failures === 0 || attempt > lastAttemptAtFailure) {
      failures += 1;
      failedAt = clock.now();
      lastAttemptAtFailure = lastAttempt;
    }
    metrics.count('key_set_fetches', { issuer: profile.name, result: reason });
    logger.warn('key_set_fetch_failed', { issuer: profile.name, reason, failures, ...more });
  };

  const accept = (digest: string, { usable: keys, dropped }: UsableKeys, fetchedAt: number, attempt: number): void => {
    const isNew = held?.digest !== digest;
    if (isNew) for (const [reason, count] of tally(dropped)) logDropped(reason, count);
    // Keys that the issuer has withdrawn are known to be missing: this fetch would have found them.
    for (const { keyId, byAlgorithm } of isNew ? (held?.keys ?? []) : []) {
      for (const algorithm of byAlgorithm.keys()) missing.firstAsked({ keyId, algorithm }, fetchedAt);
    }
    if (keys.length === 0) {
      held = null; // The fetch succeeded, so the keys that the issuer published before are revoked.
      return fail('no_usable_key', attempt);
    }
    if (isNew) {
      lastVersion += 1;
      logger.info('key_set_changed', { issuer: profile.name, keys: keys.length, dropped: dropped.length });
    }
    held = { keys, digest, version: lastVersion, fetchedAt, attempt };
    failures = 0;
    metrics.count('key_set_fetches', { issuer: profile.name, result: 'ok' });
  };

  const load = async (): Promise<void> => {
    const beganAt = clock.now();
    const attempt = (lastAttempt += 1);
    const result = await fetchKeySet(deps).catch((): KeySourceResult => ({ kind: 'failed', reason: 'unreachable' }));
    const digest = result.kind === 'document' ? sha256Hex(result.text) : '';
    const selected = result.kind === 'document' ? await select(result.document, digest) : null;
    if (held !== null && held.attempt > attempt) return; // A fetch that began later has already completed.
    if (result.kind === 'failed') return fail(result.reason, attempt, mismatchOf(profile, result));
    if (selected === null) return fail('not_a_key_set', attempt);
    accept(digest, selected, beganAt - result.ageMs, attempt);
  };

  /** A document that has not changed needs no second look. */
  const select = async (document: unknown, digest: string): Promise<UsableKeys | null> =>
    held?.digest === digest ? { usable: held.keys, dropped: [] } : selectUsableKeys(document, profile.algorithms);

  const begin = (): Promise<void> => {
    inFlightSince = clock.now();
    const mine = load().finally(() => {
      if (inFlight === mine) inFlight = null;
    });
    inFlight = mine;
    deps.background.run(mine);
    return mine;
  };

  const running = (): Promise<void> | null => (isWithin(inFlightSince, FETCH_BUDGET_MS) ? inFlight : null);

  /**
   * Runs one fetch at a time. Where a running fetch may not be awaited, another starts only if the held keys are too
   * old to do without it, and not if the issuer failed before.
   */
  const refresh = async (): Promise<'tried' | 'busy'> => {
    const other = running();
    const mayDoWithout = (held !== null && isRecent(held)) || (usable() !== null && failures > 0);
    if (other !== null && deps.canAwaitAcrossRequests) await other;
    else if (other !== null && mayDoWithout) return 'busy';
    else await begin();
    return 'tried';
  };

  const refreshBehind = (): void => {
    if (!isBackingOff() && running() === null) void begin();
  };

  /** The keys without the wanted one, or `unavailable` while no fetch has looked for it. */
  const without = (now: HeldKeys, wanted: WantedKey): KeySetResult => {
    const nowMs = clock.now();
    if (now.fetchedAt >= missing.firstAsked(wanted, nowMs)) return toResult(now);
    const retryAfterMs = Math.max(0, now.fetchedAt + COOL_DOWN_MS - nowMs);
    return { kind: 'unavailable', reason: 'key_not_seen_yet', retryAfterMs };
  };

  return {
    async keys(wanted) {
      const found = held !== null && holds(held, wanted);
      if (held !== null && found) {
        if (isWithin(held.fetchedAt, MAX_AGE_MS)) return toResult(held);
        if (isRecent(held)) {
          refreshBehind();
          return toResult(held);
        }
      }
      if (wanted !== undefined && !found) {
        if (held !== null && failures === 0 && isWithin(held.fetchedAt, COOL_DOWN_MS)) return without(held, wanted);
        missing.firstAsked(wanted, clock.now());
      }
      const refreshed = isBackingOff() ? 'backing_off' : await refresh();
      const now = usable();
      if (now === null) return UNREACHABLE;
      if (wanted === undefined || holds(now, wanted)) return toResult(now);
      // While fetches fail or one still runs, the issuer may have a key that is not held: no verdict on the token.
      return failures > 0 || refreshed === 'busy' ? UNREACHABLE : without(now, wanted);
    },
    async newerThan(version) {
      if (held?.version === version && !isBackingOff() && !isWithin(held.fetchedAt, COOL_DOWN_MS)) await refresh();
      const now = usable();
      return now === null || now.version === version ? null : toResult(now);
    },
  };

  function logDropped(reason: KeyFault, keys: number): void {
    const fields = { issuer: profile.name, reason, keys };
    // Issuers list their encryption keys in the same set: no fault.
    if (reason === 'not_for_signatures') logger.info('key_dropped', fields);
    else logger.warn('key_dropped', fields);
  }
}

function holds({ keys }: HeldKeys, wanted: WantedKey | undefined): boolean {
  return wanted === undefined || chooseKeys(keys, wanted) !== 'key_unknown';
}

/** The two names that should be one, for the log. Both are public. */
function mismatchOf(
  { issuer }: IssuerProfile,
  { reason, metadata }: KeySourceFailed,
): Readonly<Record<string, string>> {
  if (reason !== 'metadata_issuer_mismatch' || metadata === undefined) return {};
  return { configured: issuer, in_metadata: printableName(metadata.issuer) };
}

function tally(reasons: readonly KeyFault[]): ReadonlyMap<KeyFault, number> {
  const counts = new Map<KeyFault, number>();
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return counts;
}

function toResult({ keys, version }: HeldKeys): TrustedKeys {
  return { kind: 'keys', keys, version };
}
