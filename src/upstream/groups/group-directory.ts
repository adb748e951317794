import type { CompiledPolicy } from '../../policy/compile.ts';
import type { GroupNames, GroupNamesState } from '../../policy/capabilities/group-names.ts';
import { groupIdsOf } from '../../policy/group-ids.ts';
import type { Background } from '../../ports/background.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Metrics } from '../../ports/metrics.ts';
import { createFailureStreak } from '../../tasks/failure-streak.ts';
import type { UnansweredReason } from '../ask-signed-in.ts';
import type { AskGroups, GroupsAnswer } from './ask-groups.ts';
import type { LookUp, SharedLookUps } from './look-up.ts';
import { NAMES_FADE_MS, NO_LOOK_UP } from './look-up.ts';

/**
 * The names of Galileo's groups (GALILEO_LOOKUPS=on), as Galileo gave them last, and which groups of the policy it does
 * not have. Readers never wait: a look-up runs beside all requests, one at a time, every ten minutes, and a failed one
 * changes nothing but `state`. Invariant: nothing here is needed to decide or to send an invite.
 */
export interface GroupDirectory {
  /** What is known now. With `runsOnRead`, begins a look-up behind the answer when one is due. */
  read(): GroupNames;
  /** Looks up when that is due. Never rejects. */
  refresh(): Promise<void>;
  /** How many groups of the policy in force Galileo does not list; null while that is not known. */
  missing(): number | null;
}

export const LOOK_UP_RESULTS = ['answered', 'incomplete', 'unanswered'] as const;

export interface GroupDirectoryDeps {
  readonly askGroups: AskGroups;
  readonly policy: { current(): CompiledPolicy };
  readonly clock: Clock;
  readonly background: Background;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'count'>;
  /** Nothing else calls `refresh` in this process: an isolate has no loop. */
  readonly runsOnRead: boolean;
  /** Left out where a process looks up for itself alone. */
  readonly shared?: SharedLookUps | undefined;
  /** Is told the number of missing groups after each look-up that gives one. */
  readonly onMissing?: ((count: number) => void) | undefined;
}

export const LOOK_UP_EVERY_MS = 10 * 60_000;
const FIRST_RETRY_MS = 60_000;
/** One look-up may be late, as an isolate has none while nobody asks. */
const OUTDATED_AFTER_MS = 2 * LOOK_UP_EVERY_MS;
/** A look-up that the platform ended together with its event never ends here. */
const LOST_AFTER_MS = 60_000;
/** Of missing groups in one log line. */
const MAX_LISTED = 20;

export function createGroupDirectory(deps: GroupDirectoryDeps): GroupDirectory {
  const { askGroups, policy, clock, background, logger, metrics, shared } = deps;
  const failures = createFailureStreak<UnansweredReason>(clock);
  let last: LookUp = NO_LOOK_UP;
  let runningSinceMs = -Infinity;

  /** A due time that is too far ahead was set before the clock stepped back. */
  function isDue({ dueAtMs }: LookUp, nowMs: number): boolean {
    return nowMs >= dueAtMs || dueAtMs - nowMs > LOOK_UP_EVERY_MS;
  }

  function adopt(next: LookUp): void {
    // The same object for the same names, so that nothing has to be made anew of them.
    last = isSame(last.names, next.names) ? { ...next, names: last.names } : next;
  }

  async function lookUp(): Promise<void> {
    const before = (await shared?.read()) ?? null;
    if (before !== null && (before.atMs ?? 0) >= (last.atMs ?? 0)) adopt(before);
    if (!isDue(last, clock.now())) return;
    const { groupNames } = policy.current();
    const expected = groupIdsOf(policy.current());
    const answer: GroupsAnswer =
      expected.size === 0 ? { kind: 'answered', names: new Map(), isWhole: true } : await askGroups(expected);
    const next = answer.kind === 'answered' ? succeeded(answer) : failed(answer);
    adopt(next);
    // That this process cannot sign in says nothing about the others.
    if (answer.kind === 'answered' || answer.reason !== 'key_unavailable') await shared?.keep(last);

    function succeeded({ names, isWhole }: Extract<GroupsAnswer, { kind: 'answered' }>): LookUp {
      metrics.count('group_look_ups', { result: isWhole ? 'answered' : 'incomplete' });
      const streak = failures.succeeded();
      if (streak?.shouldLog === true) logger.info('group_look_up_recovered', { failures: streak.failures });
      const nowMs = clock.now();
      const done = { names, isWhole, atMs: nowMs, failures: 0, dueAtMs: nowMs + LOOK_UP_EVERY_MS };
      if (!isWhole) return { ...done, missing: last.missing };
      const missing = [...expected].filter((id) => !names.has(id));
      report(missing);
      return { ...done, missing };
    }

    /** Each change once. The names are the policy's own. */
    function report(missing: readonly string[]): void {
      deps.onMissing?.(missing.length);
      const were = new Set(last.missing);
      const gone = missing.filter((id) => !were.has(id));
      const back = last.missing.filter((id) => expected.has(id) && !missing.includes(id));
      const listed = (ids: readonly string[]) => ({
        groups: ids.length,
        group_ids: ids.slice(0, MAX_LISTED).join(' '),
        names: ids
          .slice(0, MAX_LISTED)
          .flatMap((id) => groupNames.get(id) ?? [])
          .join(' '),
      });
      if (gone.length > 0) logger.warn('policy_groups_missing', { ...listed(gone), missing: missing.length });
      if (back.length > 0) logger.info('policy_groups_found', { ...listed(back), missing: missing.length });
    }

    function failed({ reason, status }: Extract<GroupsAnswer, { kind: 'unanswered' }>): LookUp {
      metrics.count('group_look_ups', { result: 'unanswered' });
      // Nothing was asked, so the next try may cost nothing either.
      const retryMs =
        reason === 'key_unavailable'
          ? FIRST_RETRY_MS
          : Math.min(LOOK_UP_EVERY_MS, FIRST_RETRY_MS * 2 ** Math.min(10, last.failures));
      if (failures.failed(reason).shouldLog)
        logger.warn('group_look_up_failed', { reason, status, retry_in_ms: retryMs });
      return { ...last, failures: last.failures + 1, dueAtMs: clock.now() + retryMs };
    }
  }

  function ageMs(): number {
    return last.atMs === null ? Infinity : Math.max(0, clock.now() - last.atMs);
  }

  function state(): GroupNamesState {
    if (groupIdsOf(policy.current()).size === 0) return 'looked_up';
    if (ageMs() >= NAMES_FADE_MS) return 'unavailable';
    if (last.failures > 0 || ageMs() >= OUTDATED_AFTER_MS) return 'outdated';
    return last.isWhole ? 'looked_up' : 'incomplete';
  }

  async function refresh(): Promise<void> {
    const nowMs = clock.now();
    if (!isDue(last, nowMs) || Math.abs(nowMs - runningSinceMs) < LOST_AFTER_MS) return;
    runningSinceMs = nowMs;
    await lookUp().catch(() => undefined);
    runningSinceMs = -Infinity;
  }

  return {
    read() {
      if (deps.runsOnRead && isDue(last, clock.now())) background.run(refresh());
      const now = state();
      return { state: now, names: now === 'unavailable' ? NO_LOOK_UP.names : last.names };
    },
    refresh,
    missing() {
      if (last.atMs === null || !last.isWhole || ageMs() >= NAMES_FADE_MS) return null;
      return [...groupIdsOf(policy.current())].filter((id) => !last.names.has(id)).length;
    },
  };
}

function isSame(a: ReadonlyMap<string, string | null>, b: ReadonlyMap<string, string | null>): boolean {
  return a.size === b.size && [...a].every(([id, name]) => b.get(id) === name && b.has(id));
}
