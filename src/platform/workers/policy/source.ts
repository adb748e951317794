import { parseStrictJson } from '../../../contract/strict-json.ts';
import type { Deps } from '../../../deps.ts';
import { sha256Hex } from '../../../lib/sha256.ts';
import { thrownName } from '../../../lib/thrown.ts';
import type { CompiledPolicy } from '../../../policy/compile.ts';
import type { DocumentProblem } from '../../../policy/document/problems.ts';
import type { ChangeAnswer, ChangeReport } from '../../../ledger/records/change-report.ts';
import type { KeptPolicy } from '../../../ledger/records/change-reporter.ts';
import { loadDocument, POLICY_STORE_KEY } from '../../../policy/document/read-document.ts';
import type { DocumentLoaded } from '../../../policy/document/read-document.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Logger } from '../../../ports/logger.ts';
import type { Metrics } from '../../../ports/metrics.ts';
import type { Schedule } from '../../../ports/schedule.ts';
import { BINDING_DEADLINE_MS } from '../secrets/bound-secret.ts';
import { createFailureStreak } from '../../../tasks/failure-streak.ts';
import { withDeadline } from '../../../tasks/with-deadline.ts';

/**
 * The policy on Workers: the built-in document, or the document in KV where that binding exists and holds one. The code
 * that validates policy files on Node validates both, their tests included. Invariants:
 * - the policy in force was validated as a whole, and is on record in the ledger;
 * - a refused document, a KV that does not answer in time, or a ledger that cannot take a policy leaves the isolate's
 *   policy unchanged;
 * - an isolate that has never read KV does not serve the built-in policy meanwhile, because that one may allow more.
 */
export interface WorkersPolicy {
  readonly policy: Deps['policy'];
  /** Await this before each request. It reads KV when the last check is too old, and puts a new policy on record. */
  refresh(): Promise<PolicyReadiness>;
}

/** `no_policy`: KV gave none yet. `not_recorded`: the ledger cannot take the isolate's first policy. */
export type PolicyReadiness = 'ready' | 'no_policy' | 'not_recorded';

/** Puts on record what an isolate finds (change-report.ts). */
export interface PolicyRecord {
  /** Resolves when the policy is on record. Rejects when the ledger cannot take it. */
  take(policy: KeptPolicy, seen: ChangeReport['seen']): Promise<ChangeAnswer>;
  /** Never throws. */
  refuse(refusal: { readonly kept: string | null; readonly problems: number; readonly textSha256: string }): void;
}

export type OpenPolicyStoreResult =
  | ({ readonly kind: 'opened' } & WorkersPolicy)
  /** Sentences that hold no address. */
  | { readonly kind: 'refused'; readonly problems: readonly string[] };

/** The part of the KV binding that is used. */
export interface PolicyStore {
  get(key: string, options: { readonly cacheTtl: number }): Promise<string | null>;
}

export interface PolicySourceOptions {
  /** The parsed document, as tools/build-worker wrote it. */
  readonly builtIn: unknown;
  readonly store: PolicyStore | undefined;
  readonly issuers: readonly string[];
  readonly clock: Clock;
  readonly schedule: Schedule;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly record: PolicyRecord;
}

/** How often an isolate checks the store, and how long KV may answer from a location's cache. */
export const POLICY_CHECK_MS = 30_000;
/** How soon a policy that the ledger could not take is tried again while an older one is served. */
export const RECORD_RETRY_MS = 5_000;
const MAX_REPORTED_PROBLEMS = 20;

type Loaded = Extract<DocumentLoaded, { kind: 'loaded' }>;

export function openPolicy(options: PolicySourceOptions): OpenPolicyStoreResult {
  const { builtIn, store, issuers, clock, schedule, logger, metrics, record } = options;
  const loaded = loadDocument(builtIn, { issuers });
  if (loaded.kind === 'refused') return { kind: 'refused', problems: problemTexts(loaded.problems) };
  const own: Loaded = loaded;
  /** The policy to serve, once it is on record. */
  let found: Loaded = own;
  let served: CompiledPolicy | null = null;
  /** The text in KV that was validated last, accepted or not, so that no text is validated twice. */
  let judged: { readonly text: string | null; readonly good: boolean } | null = null;
  let hasChecked = store === undefined;
  let checkedAt = 0;
  let isTaking = false;
  let takeAgainAt = -Infinity;
  /** When a policy that may be an old answer of KV is reported again; null: it is on record. */
  let deferredUntil: number | null = null;
  const failures = createFailureStreak<'ledger_unavailable'>(clock);

  function judge(text: string): Loaded | null {
    const json = parseStrictJson(text);
    const read =
      json.kind === 'invalid'
        ? { kind: 'refused' as const, problems: [{ path: [], message: `not JSON at character ${json.position}` }] }
        : loadDocument(json.value, { issuers });
    metrics.count('policy_reloads', { role: 'active', result: read.kind });
    if (read.kind === 'loaded') return read;
    const kept = served?.digest ?? null;
    logger.error('policy_refused', { role: 'active', problems: read.problems.length, kept });
    for (const problem of problemTexts(read.problems)) logger.error('policy_problem', { role: 'active', problem });
    record.refuse({ kept, problems: read.problems.length, textSha256: sha256Hex(text) });
    return null;
  }

  /** False when the document is refused. */
  function consider(text: string | null): boolean {
    if (judged?.text === text) return judged.good;
    const next = text === null ? own : judge(text);
    judged = { text, good: next !== null };
    if (next === null) return false;
    found = next;
    return true;
  }

  async function check(from: PolicyStore): Promise<void> {
    try {
      const text = await withDeadline(from.get(POLICY_STORE_KEY, { cacheTtl: POLICY_CHECK_MS / 1000 }), {
        schedule,
        deadlineMs: BINDING_DEADLINE_MS,
      });
      if (consider(text)) hasChecked = true;
    } catch (error) {
      logger.warn('policy_store_unreadable', { error: thrownName(error) });
    }
  }

  function isOnRecord(): boolean {
    return found.policy.digest === served?.digest && (deferredUntil === null || clock.now() < deferredUntil);
  }

  /** While one request puts a policy on record, the others use the one in force. */
  async function takeFound(): Promise<void> {
    if (isOnRecord() || (served !== null && (isTaking || clock.now() < takeAgainAt))) return;
    const { policy, canonical } = found;
    const { digest } = policy;
    const isChange = served !== null && served.digest !== digest;
    isTaking = true;
    try {
      const answer = await record.take({ digest, document: canonical }, isChange ? 'changed' : 'found');
      deferredUntil = answer === 'deferred' ? clock.now() + POLICY_CHECK_MS : null;
      const before = served?.digest ?? own.policy.digest;
      served = policy;
      failures.succeeded();
      if (before !== digest) logger.info('policy_loaded', { role: 'active', changed: true, digest });
    } catch {
      takeAgainAt = clock.now() + RECORD_RETRY_MS;
      metrics.count('policy_reloads', { role: 'active', result: 'not_recorded' });
      if (failures.failed('ledger_unavailable').shouldLog)
        logger.error('policy_not_recorded', { role: 'active', digest, kept: served?.digest ?? null });
    } finally {
      isTaking = false;
    }
  }

  return {
    kind: 'opened',
    policy: { current: () => served ?? own.policy },
    async refresh() {
      const ageMs = clock.now() - checkedAt;
      if (store !== undefined && !(hasChecked && ageMs >= 0 && ageMs < POLICY_CHECK_MS)) {
        // Requests that come during this check use the policy in force: no promise is shared between requests.
        checkedAt = clock.now();
        await check(store);
      }
      if (!hasChecked) return 'no_policy';
      await takeFound();
      return served === null ? 'not_recorded' : 'ready';
    },
  };
}

/** As text, with the path in the document. A step that is not a plain name becomes `?`: it may hold an address. */
function problemTexts(problems: readonly DocumentProblem[]): string[] {
  return problems.slice(0, MAX_REPORTED_PROBLEMS).map(({ path, message }) => {
    const place = path.map((step) => (/^[\w.-]{1,64}$/.test(String(step)) ? String(step) : '?')).join('.');
    return `policy${place === '' ? '' : ` at ${place}`}: ${message}`;
  });
}
