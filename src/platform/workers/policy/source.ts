import { parseStrictJson } from '../../../contract/strict-json.ts';
import type { Deps } from '../../../deps.ts';
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
 * The policy on Workers: the document that was built in, overridden by the one in KV where that binding exists and holds
 * one. Both are judged by the code that judges files on Node, their tests included. Invariants: what is in force was
 * judged whole and found good; a bad document, or a KV that does not answer in time, leaves what an isolate has; and an isolate
 * that has never seen what KV holds does not serve by the built-in policy meanwhile, which may allow more.
 */
export interface WorkersPolicy {
  readonly policy: Deps['policy'];
  /** To be awaited before each request: looks at KV when it is time. False when there is no policy to serve by. */
  refresh(): Promise<boolean>;
}

export type OpenPolicyStoreResult =
  | ({ readonly kind: 'opened' } & WorkersPolicy)
  /** Sentences that hold no address. */
  | { readonly kind: 'refused'; readonly problems: readonly string[] };

/** What is used of the KV binding. */
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

/** How often an isolate checks the store, and for how long KV may answer from a location's memory. */
export const POLICY_CHECK_MS = 30_000;
const MAX_PROBLEMS_TOLD = 20;

export function openPolicy(options: PolicySourceOptions): OpenPolicyStoreResult {
  const { builtIn, store, issuers, clock, schedule, logger, metrics } = options;
  const loaded = loadDocument(builtIn, { issuers });
  if (loaded.kind === 'refused') return { kind: 'refused', problems: problemTexts(loaded.problems) };
  const own = loaded.policy;
  let current = own;
  /** What KV held when it was judged last, taken or not: nothing is judged twice. */
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
      logger.warn('policy_store_unreadable', { error: error instanceof Error ? error.name : 'unknown' });
    }
  }

  return {
    kind: 'opened',
    policy: { current: () => current },
    async refresh() {
      const ageMs = clock.now() - checkedAt;
      if (store === undefined || (hasChecked && ageMs >= 0 && ageMs < POLICY_CHECK_MS)) return true;
      // Whoever comes while this one looks goes on with what is held: no promise is shared between requests.
      checkedAt = clock.now();
      await check(store);
      return hasChecked;
    },
  };
}

/** As text, with the places that a reader of the file will know; what else a path holds may be anybody's address. */
function problemTexts(problems: readonly DocumentProblem[]): string[] {
  return problems.slice(0, MAX_PROBLEMS_TOLD).map(({ path, message }) => {
    const place = path.map((step) => (/^[\w.-]{1,64}$/.test(String(step)) ? String(step) : '?')).join('.');
    return `policy${place === '' ? '' : ` at ${place}`}: ${message}`;
  });
}
