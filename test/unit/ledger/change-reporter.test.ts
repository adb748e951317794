import { describe, expect, it } from 'vitest';
import type { ChangeAnswer, ChangeReport } from '../../../src/ledger/records/change-report.ts';
import { createChangeReporter } from '../../../src/ledger/records/change-reporter.ts';
import { createFakeClock } from '../../support/clock.ts';
import { recordLogs } from '../../support/upstream.ts';

const SERVICE = { name: 'galileo-invite-proxy', version: '1.0.0', runtime: 'test', instance: 'one' };
const STOPPED = { what: 'service_stopped' } as const;
const KEY = { what: 'key_slot_changed', slot: 'current', to: 'abcdef012345' } as const;
const POLICY = { digest: 'ab'.repeat(32), document: '{"version":1}' };

/** `answers`: of the ledger, call by call; null: it cannot write. */
function setup(...answers: readonly (readonly ChangeAnswer[] | null)[]) {
  const calls: (readonly ChangeReport[])[] = [];
  const logger = recordLogs();
  const clock = createFakeClock();
  const reporter = createChangeReporter({
    ledger: {
      async recordChanges(reports) {
        const answer = answers[calls.length];
        calls.push(reports);
        if (answer === null || answer === undefined) throw new Error('the ledger is not available');
        return answer;
      },
    },
    service: SERVICE,
    clock,
    logger,
  });
  const sent = () => calls.map((reports) => reports.map(({ change }) => change.what));
  return { reporter, calls, sent, logger, clock };
}

describe('a change', () => {
  it('is queued until the ledger has it, in order, and is not sent again then', async () => {
    const { reporter, sent } = setup(null, ['recorded', 'unchanged']);
    reporter.note(KEY, 'changed');
    await reporter.flush();
    reporter.note(STOPPED, 'changed');
    expect(reporter.isWaiting()).toBe(true);
    await reporter.flush();
    await reporter.flush();
    expect(reporter.isWaiting()).toBe(false);
    expect(sent()).toEqual([['key_slot_changed'], ['key_slot_changed', 'service_stopped']]);
  });

  it('that came while others were written waits for the next turn', async () => {
    const { reporter, sent } = setup(['recorded'], ['recorded']);
    reporter.note(KEY, 'changed');
    const writing = reporter.flush();
    reporter.note(STOPPED, 'changed');
    await writing;
    await reporter.flush();
    expect(sent()).toEqual([['key_slot_changed'], ['service_stopped']]);
  });

  it('that is deferred stays queued', async () => {
    const { reporter } = setup(['deferred'], ['recorded']);
    reporter.note(KEY, 'found');
    await reporter.flush();
    expect(reporter.isWaiting()).toBe(true);
    await reporter.flush();
    expect(reporter.isWaiting()).toBe(false);
  });

  it('that cannot be written is logged, at first and then ever more rarely', async () => {
    const { reporter, logger } = setup();
    reporter.note(KEY, 'changed');
    for (let times = 0; times < 8; times += 1) await reporter.flush();
    expect(logger.lines).toHaveLength(4);
    expect(logger.lines[0]).toMatchObject({
      level: 'warn',
      event: 'change_not_recorded',
      fields: { changes: 1, what: 'key_slot_changed' },
    });
  });

  it('is never dropped without a log line', async () => {
    const { reporter, logger, calls } = setup(Array.from({ length: 100 }, () => 'recorded' as const));
    reporter.note(STOPPED, 'changed');
    for (let n = 0; n < 100; n += 1) reporter.note(KEY, 'changed');
    expect(logger.lines).toMatchObject([{ level: 'error', event: 'change_lost', fields: { what: 'service_stopped' } }]);
    await reporter.flush();
    expect(calls[0]).toHaveLength(100);
  });
});

describe('a policy', () => {
  it('is recorded in one step with what is queued, before it', async () => {
    const { reporter, sent, calls } = setup(['recorded', 'recorded']);
    reporter.note(KEY, 'found');
    expect(await reporter.takePolicy(POLICY, 'found')).toBe('recorded');
    expect(sent()).toEqual([['key_slot_changed', 'policy_taken']]);
    expect(calls[0]?.[1]).toEqual({
      change: { what: 'policy_taken', to: POLICY.digest, document: null },
      seen: 'found',
      service: SERVICE,
    });
    expect(reporter.isWaiting()).toBe(false);
  });

  it('is sent with its text only when the ledger does not keep it', async () => {
    const { reporter, calls } = setup(['document_needed'], ['recorded']);
    expect(await reporter.takePolicy(POLICY, 'changed')).toBe('recorded');
    expect(calls.map(([report]) => report?.change)).toMatchObject([{ document: null }, { document: POLICY.document }]);
  });

  it('rejects when the ledger cannot take it, or asks for its text again', async () => {
    await expect(setup(null).reporter.takePolicy(POLICY, 'changed')).rejects.toThrow('not available');
    const confused = setup(['document_needed'], ['document_needed']);
    await expect(confused.reporter.takePolicy(POLICY, 'changed')).rejects.toThrow('did not take the policy');
  });

  it('that is refused by the ledger leaves what is queued in the queue', async () => {
    const { reporter, sent } = setup(null, ['recorded', 'recorded']);
    reporter.note(KEY, 'changed');
    await expect(reporter.takePolicy(POLICY, 'changed')).rejects.toThrow('not available');
    await reporter.takePolicy(POLICY, 'changed');
    expect(sent()[1]).toEqual(['key_slot_changed', 'policy_taken']);
  });
});
