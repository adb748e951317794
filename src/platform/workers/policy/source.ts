import { parseStrictJson } from '../../../contract/strict-json.ts';
import type { Deps } from '../../../deps.ts';
import { thrownName } from '../../../lib/thrown.ts';
import type { CompiledPolicy } from '../../../policy/compile.ts';
import type { DocumentProblem } from '../../../policy/document/problems.ts';
import { loadDocument, POLICY_STORE_KEY } from '../../../policy/document/read-document.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Logger } from '../../../ports/logger.ts';
import type { Metrics } from '../../../ports/metrics.ts';
import type { Schedule } from '../../../ports/schedule.ts';
import { BINDING_DEADLINE_MS } from '../secrets/bound-secret.ts';
import { withDeadline } from '../../../tasks/with-deadline.ts';

/**
 * The policy on Workers: the built-in document, or the document in KV where that binding exists and holds one. The code
 * that validates policy files on Node validates both, their tests included. Invariants:
 * - the policy in force was validated as a whole;
 * - a refused document, or a KV that does not answer in time, leaves the isolate's policy unchanged;
 * - an isolate that has never read KV does not serve the built-in policy meanwhile, because that one may allow more.
 */
export interface WorkersPolicy {
  readonly policy: Deps['policy'];
  /** Await this before each request. It reads KV when the last check is too old. False: there is no policy to serve. */
  refresh(): Promise<boolean>;
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
}

/** How often an isolate checks the store, and how long KV may answer from a location's cache. */
export const POLICY_CHECK_MS = 30_000;
const MAX_REPORTED_PROBLEMS = 20;

export function openPolicy(options: PolicySourceOptions): OpenPolicyStoreResult {
  const { builtIn, store, issuers, clock, schedule, logger, metrics } = options;
  const loaded = loadDocument(builtIn, { issuers });
  if (loaded.kind === 'refused') return { kind: 'refused', problems: problemTexts(loaded.problems) };
  const own = loaded.policy;
  let current = own;
  /** The text in KV that was validated last, accepted or not, so that no text is validated twice. */
  let judged: { readonly text: string | null; readonly good: boolean } | null = null;
  let hasChecked = store === undefined;
  let checkedAt = 0;

  function judge(text: string): CompiledPolicy | null {
    const json = parseStrictJson(text);
    const found =
      json.kind === 'invalid'
        ? { kind: 'refused' as const, problems: [{ path: [], message: `not JSON at character ${json.position}` }] }
        : loadDocument(json.value, { issuers });
    metrics.count('policy_reloads', { role: 'active', result: found.kind });
    if (found.kind === 'loaded') return found.policy;
    logger.error('policy_refused', {
      role: 'active',
      problems: found.problems.length,
      kept: hasChecked ? current.digest : null,
    });
    for (const problem of problemTexts(found.problems)) logger.error('policy_problem', { role: 'active', problem });
    return null;
  }

  /** False when the document is refused. */
  function take(text: string | null): boolean {
    if (judged?.text === text) return judged.good;
    const next = text === null ? own : judge(text);
    judged = { text, good: next !== null };
    if (next === null) return false;
    const changed = next.digest !== current.digest;
    current = next;
    if (changed) logger.info('policy_loaded', { role: 'active', changed, digest: current.digest });
    return true;
  }

  async function check(from: PolicyStore): Promise<void> {
    try {
      const text = await withDeadline(from.get(POLICY_STORE_KEY, { cacheTtl: POLICY_CHECK_MS / 1000 }), {
        schedule,
        deadlineMs: BINDING_DEADLINE_MS,
      });
      if (take(text)) hasChecked = true;
    } catch (error) {
      logger.warn('policy_store_unreadable', { error: thrownName(error) });
    }
  }

  return {
    kind: 'opened',
    policy: { current: () => current },
    async refresh() {
      const ageMs = clock.now() - checkedAt;
      if (store === undefined || (hasChecked && ageMs >= 0 && ageMs < POLICY_CHECK_MS)) return true;
      // Requests that come during this check use the policy in force: no promise is shared between requests.
      checkedAt = clock.now();
      await check(store);
      return hasChecked;
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
