/**
 * Loads a changed policy file while the service runs. It does not watch files itself: on `check()` and on each poll it
 * reads the file, waits until two reads agree, and then loads the text. Invariants: the policy in force was loaded as a
 * whole and without a problem, and is on record; a file that is refused, missing or half written does not change it; the
 * same content is not loaded twice, unless `reload()` asks for it. A policy that the ledger cannot take is loaded again
 * with each poll.
 */
import type { CompiledPolicy } from '../../../policy/compile.ts';
import type { PolicyLoaded, PolicyProblem } from '../../../policy/load.ts';
import type { PolicyStatus } from '../../../policy/status.ts';
import type { KeptPolicy } from '../../../ledger/records/change-reporter.ts';
import { sha256Hex } from '../../../lib/sha256.ts';
import { createFailureStreak } from '../../../tasks/failure-streak.ts';
import { runRecurring } from '../../../tasks/recurring.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Logger } from '../../../ports/logger.ts';
import type { Metrics } from '../../../ports/metrics.ts';
import type { Schedule } from '../../../ports/schedule.ts';
import { problemOfFile } from './file.ts';
import type { PolicyFileRead } from './file.ts';

export interface PolicyReloadDeps {
  /** Which of the two policy files this is, for log lines and metrics. */
  readonly role: 'active' | 'shadow';
  /** Never rejects. */
  readonly read: () => Promise<PolicyFileRead>;
  readonly load: (text: string) => Promise<PolicyLoaded>;
  readonly schedule: Schedule;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Left out for a policy that decides nothing. */
  readonly record?: PolicyRecord | undefined;
}

/** Puts on record what becomes of a changed policy. */
export interface PolicyRecord {
  /** Resolves when it is durable that this policy decides from now on. Rejects when the ledger cannot take it. */
  take(policy: KeptPolicy): Promise<void>;
  /** Never throws. */
  refuse(refusal: { readonly kept: string; readonly problems: number; readonly textSha256: string }): void;
}

export interface PolicyReload {
  current(): CompiledPolicy;
  status(): PolicyStatus;
  /** Reads the file, because it may have changed. */
  check(): void;
  /** Loads the file again, changed or not. */
  reload(): void;
  /** Ends all reading. The policy in force stays, and the result of a running load is dropped. */
  close(): void;
}

/** How long a replaced file must stay unchanged. Short, because a writer renames a file after it has written it. */
export const REPLACED_QUIET_MS = 100;
/** The same for a file that is written in place. Longer, because a pause of the writer looks like its end. */
export const IN_PLACE_QUIET_MS = 1_000;
/** For file systems without change events, and for changes that a watch on one folder cannot see. */
export const POLL_INTERVAL_MS = 5_000;

/** `start` is the policy that the service started with, and the read that it came from. */
export function createPolicyReload(
  { role, read, load, schedule, clock, logger, metrics, record }: PolicyReloadDeps,
  start: { readonly policy: CompiledPolicy; readonly read: PolicyFileRead },
): PolicyReload {
  let policy = start.policy;
  let judged = start.read;
  let status: PolicyStatus = {
    digest: policy.digest,
    sinceMs: clock.now(),
    last: { result: 'loaded', atMs: clock.now() },
  };
  /** The result for `judged`. */
  let judgedAs = status.last;
  const failures = createFailureStreak<'ledger_unavailable'>(clock);
  let asked: 'nothing' | 'check' | 'judgement' = 'nothing';
  let stopped = false;
  let running: Promise<void> | null = null;
  let endPause = (): void => undefined;

  const pause = async (ms: number): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = schedule.after(ms, resolve);
    endPause = () => {
      cancel();
      resolve();
    };
    await promise;
  };

  const ask = async (what: 'check' | 'judgement'): Promise<void> => {
    if (asked !== 'judgement') asked = what;
    running ??= answerAll();
    await running;
  };

  /**
   * Runs one at a time. A request that arrives meanwhile is answered next, so the last state of the file is always
   * read.
   */
  async function answerAll(): Promise<void> {
    try {
      while (asked !== 'nothing' && !stopped) {
        const again = asked === 'judgement';
        asked = 'nothing';
        const first = await read();
        const seen = isSame(first, judged) ? first : await untilQuiet(first);
        if (stopped) return;
        if (again || !isSame(seen, judged)) await judge(seen);
        else takeAsJudged(seen);
      }
    } finally {
      running = null;
    }
  }

  /** It was judged before; only a file that the ledger could not take may have been there in the meantime. */
  function takeAsJudged(seen: PolicyFileRead): void {
    judged = seen;
    status = { ...status, last: judgedAs };
  }

  async function untilQuiet(first: PolicyFileRead): Promise<PolicyFileRead> {
    let seen = first;
    while (!stopped) {
      await pause(isSameFile(seen, judged) ? IN_PLACE_QUIET_MS : REPLACED_QUIET_MS);
      const next = await read();
      if (isSame(seen, next)) return next;
      seen = next;
    }
    return seen;
  }

  async function judge(seen: PolicyFileRead): Promise<void> {
    const loaded =
      seen.kind === 'unreadable'
        ? refusal(problemOfFile(seen))
        : await load(seen.text).catch(() => refusal(problemOfFile({ message: 'the file could not be judged' })));
    if (stopped) return;
    if (loaded.kind === 'loaded' && !(await isRecorded(loaded))) return;
    judged = seen;
    metrics.count('policy_reloads', { role, result: loaded.kind });
    const atMs = clock.now();
    if (loaded.kind === 'refused') {
      const { problems } = loaded;
      const textSha256 = sha256Hex(seen.kind === 'text' ? seen.text : seen.message);
      record?.refuse({ kept: policy.digest, problems: problems.length, textSha256 });
      status = { ...status, last: { result: 'refused', atMs, problems } };
      judgedAs = status.last;
      logger.error('policy_refused', {
        role,
        problems: problems.length,
        lines: linesOf(problems),
        kept: policy.digest,
      });
      return;
    }
    const changed = loaded.policy.digest !== policy.digest;
    if (changed) policy = loaded.policy;
    status = {
      digest: policy.digest,
      sinceMs: changed ? atMs : status.sinceMs,
      last: { result: 'loaded', atMs },
    };
    judgedAs = status.last;
    logger.info('policy_loaded', { role, changed, digest: policy.digest });
  }

  /** The file stays unjudged when the ledger cannot take its policy, so that the next poll tries again. */
  async function isRecorded({ policy: next, canonical }: Extract<PolicyLoaded, { kind: 'loaded' }>): Promise<boolean> {
    if (next.digest === policy.digest) return true;
    try {
      await record?.take({ digest: next.digest, document: canonical });
      return !stopped;
    } catch {
      status = { ...status, last: { result: 'not_recorded', atMs: clock.now() } };
      metrics.count('policy_reloads', { role, result: 'not_recorded' });
      if (failures.failed('ledger_unavailable').shouldLog)
        logger.error('policy_not_recorded', { role, digest: next.digest, kept: policy.digest });
      return false;
    }
  }

  const stopPolling = runRecurring(POLL_INTERVAL_MS, () => ask('check'), { schedule, logger });
  return {
    current: () => policy,
    status: () => status,
    check: () => void ask('check'),
    reload: () => void ask('judgement'),
    close() {
      stopped = true;
      endPause();
      void stopPolling();
    },
  };
}

const MAX_LINES_LOGGED = 10;

function refusal(problem: PolicyProblem): PolicyLoaded {
  return { kind: 'refused', problems: [problem] };
}

function linesOf(problems: readonly PolicyProblem[]): string {
  return problems
    .slice(0, MAX_LINES_LOGGED)
    .map(({ line }) => line)
    .join(',');
}

/** The same content, or unreadable for the same reason. */
function isSame(a: PolicyFileRead, b: PolicyFileRead): boolean {
  if (a.kind === 'text') return b.kind === 'text' && a.text === b.text;
  return b.kind === 'unreadable' && isSameProblem(problemOfFile(a), problemOfFile(b));
}

function isSameProblem(a: PolicyProblem, b: PolicyProblem): boolean {
  return a.line === b.line && a.column === b.column && a.message === b.message;
}

function isSameFile(a: PolicyFileRead, b: PolicyFileRead): boolean {
  return a.kind === 'text' && b.kind === 'text' && a.file === b.file;
}
