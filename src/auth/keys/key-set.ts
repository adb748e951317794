import { sha256Hex } from '../../lib/sha256.ts';
import type { Background } from '../../ports/background.ts';
import type { Clock } from '../../ports/clock.ts';
import type { FetchDocument } from '../../ports/fetch-document.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Metrics } from '../../ports/metrics.ts';
import type { IssuerProfile } from '../issuer-profile.ts';
import type { UrlRules } from '../issuers.ts';
import { DOCUMENT_TIMEOUT_MS, fetchKeySet } from './key-source.ts';
import { selectUsableKeys } from './verification-key.ts';
import type { UsableKeys, VerificationKey } from './verification-key.ts';

/**
 * A cache of one issuer's keys: it decides when to fetch, how long to trust and when to give up. key-source fetches the
 * keys, verification-key selects the usable ones. Only requests and the injected clock drive it; there is no timer.
 * Invariants:
 * - A key that the last successful fetch did not contain verifies nothing.
 * - No key is used for longer than MAX_AGE_MS + MAX_STALE_MS after its fetch.
 * - The cool-down and the back-off bound the number of fetches, whatever callers send.
 * - A problem with the issuer gives `unavailable`, never a verdict on a token.
 */
export const MAX_AGE_MS = 10 * 60_000;
/** `stale-if-error` (RFC 5861 §4): how long keys are used beyond MAX_AGE_MS while fetches fail. */
export const MAX_STALE_MS = 60 * 60_000;
/** After a success, an unknown `kid` causes no new fetch for this long. */
export const COOL_DOWN_MS = 30_000;
export const BACK_OFF_MS = { first: 1000, cap: 60_000 };
/** Enough for metadata at two places and the key set. A fetch that takes longer is considered lost. */
const FETCH_BUDGET_MS = 3 * DOCUMENT_TIMEOUT_MS + 1000;

export interface KeySet {
  /**
   * The keys that are trusted now. When they do not satisfy `suffices`, they are fetched again if that may help.
   * The result is `unavailable` if a fetch might have helped but could not be done.
   */
  keys(suffices?: (keys: readonly VerificationKey[]) => boolean): Promise<KeySetResult>;
}

export type KeySetResult =
  /** `version` changes whenever the key set document does. */
  | { readonly kind: 'keys'; readonly keys: readonly VerificationKey[]; readonly version: number }
  | { readonly kind: 'unavailable' };

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
  /** When the fetch began. Counted from its end, the keys would look younger than they may be. */
  readonly fetchedAt: number;
  readonly attempt: number;
}

const UNAVAILABLE: KeySetResult = { kind: 'unavailable' };

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

  const isWithin = (since: number, periodMs: number): boolean => {
    const age = clock.now() - since;
    return age >= 0 && age < periodMs; // A negative age, after the clock was set back, is not within the period.
  };
  const usable = (): HeldKeys | null =>
    held !== null && isWithin(held.fetchedAt, MAX_AGE_MS + MAX_STALE_MS) ? held : null;
  const isBackingOff = (): boolean => {
    return failures > 0 && isWithin(failedAt, Math.min(BACK_OFF_MS.first * 2 ** (failures - 1), BACK_OFF_MS.cap));
  };

  const fail = (reason: string, attempt: number): void => {
    // Concurrent fetches that fail together count as one failure, not as consecutive ones.
    if (failures === 0 || attempt > lastAttemptAtFailure) {
      failures += 1;
      failedAt = clock.now();
      lastAttemptAtFailure = lastAttempt;
    }
    metrics.count('key_set_fetches', { issuer: profile.name, result: reason });
    logger.warn('key_set_fetch_failed', { issuer: profile.name, reason, failures });
  };

  const accept = (text: string, { usable: keys, dropped }: UsableKeys, fetchedAt: number, attempt: number): void => {
    const digest = sha256Hex(text);
    const isNew = held?.digest !== digest;
    if (isNew) for (const reason of dropped) logger.warn('key_dropped', { issuer: profile.name, reason });
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
    const fetchedAt = clock.now();
    const attempt = (lastAttempt += 1);
    const result = await fetchKeySet(deps).catch(() => ({ kind: 'failed', reason: 'unreachable' }) as const);
    const selected = result.kind === 'document' ? await selectUsableKeys(result.document, profile.algorithms) : null;
    if (held !== null && held.attempt > attempt) return; // A fetch that began later has already completed.
    if (result.kind === 'failed') return fail(result.reason, attempt);
    if (selected === null) return fail('not_a_key_set', attempt);
    accept(result.text, selected, fetchedAt, attempt);
  };

  const begin = (): Promise<void> => {
    inFlightSince = clock.now();
    const mine = load().finally(() => {
      if (inFlight === mine) inFlight = null;
    });
    inFlight = mine;
    deps.background.run(mine);
    return mine;
  };

  /** Runs one fetch at a time. Where a running fetch may not be awaited, another starts only if no keys are held. */
  const refresh = async (): Promise<'tried' | 'busy'> => {
    if (inFlight !== null && isWithin(inFlightSince, FETCH_BUDGET_MS)) {
      if (deps.canAwaitAcrossRequests) await inFlight;
      else if (usable() !== null) return 'busy';
      else await begin();
    } else {
      await begin();
    }
    return 'tried';
  };

  return {
    async keys(suffices = () => true) {
      if (held !== null && isWithin(held.fetchedAt, MAX_AGE_MS)) {
        if (suffices(held.keys)) return toResult(held);
        if (failures === 0 && isWithin(held.fetchedAt, COOL_DOWN_MS)) return toResult(held);
      }
      const refreshed = isBackingOff() ? 'backing_off' : await refresh();
      const now = usable();
      if (now === null) return UNAVAILABLE;
      // While fetches fail or one still runs, the issuer may have a key that is not held: no verdict on the token.
      if (!suffices(now.keys) && (failures > 0 || refreshed === 'busy')) return UNAVAILABLE;
      return toResult(now);
    },
  };
}

function toResult({ keys, version }: HeldKeys): KeySetResult {
  return { kind: 'keys', keys, version };
}
