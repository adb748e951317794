import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { RecordDraft } from '../../../../src/audit/record.ts';
import { CommandError } from '../../../../src/cli/command-line/command-error.ts';
import type { CliDeps } from '../../../../src/cli/deps.ts';
import type { Ending, RequestEntry } from '../../../../src/ledger/port.ts';
import { readLedgerFile } from '../../../../src/platform/node/ledger/reader.ts';
import { ledgerName } from '../../../../src/platform/node/ledger/chosen-ledger.ts';
import { openSideWriter } from '../../../../src/platform/node/ledger/side-writer.ts';
import type { NodeLedger } from '../../../../src/platform/node/ledger/open-ledger.ts';
import { openLedger } from '../../../../src/platform/node/ledger/open-ledger.ts';
import { random } from '../../../../src/platform/node/runtime.ts';
import { createFakeClock, createFakeIds, testUuid7 } from '../../../support/clock.ts';
import {
  admission,
  ANN,
  onlyRecord,
  quotaCharge,
  readRecords,
  recordDraft,
  settlement,
} from '../../../support/ledger/ledger.ts';
import { recordLogs } from '../../../support/upstream.ts';
import { KEY, runCommand } from '../cli-harness.ts';

const ID = testUuid7(500);
const OTHER = testUuid7(501);

/** The ledger of a running service, and the command line beside it. */
async function harness() {
  const folder = await mkdtemp(join(tmpdir(), 'invite-proxy-settle-'));
  const path = join(folder, 'ledger.db');
  const clock = createFakeClock();
  const ports = { clock, ids: createFakeIds(), logger: recordLogs(), random };
  const service = await openLedger({ path, ...ports, metrics: { count: () => undefined } });
  onTestFinished(async () => {
    await service.close();
    await rm(folder, { recursive: true });
  });
  const opened: string[] = [];
  const deps: Partial<CliDeps> = {
    openSideWriter(asked) {
      opened.push(ledgerName(asked));
      return openSideWriter(path, { clock, ids: createFakeIds(10_000) });
    },
  };
  const env = { LEDGER_URL: `sqlite:${path}`, GALILEO_API_KEY: KEY };
  const run = (args: readonly string[], changes: Partial<CliDeps> = {}) =>
    runCommand(args, { env, deps: { ...deps, ...changes } });
  return { service, run, opened, path };
}

async function admitAs(service: NodeLedger, id: string, ending: Ending | 'open' | 'denied'): Promise<void> {
  const plan = ending === 'denied' ? 'deny' : 'send';
  const charges = [quotaCharge({ limit: 1 })];
  await service.admit(admission(id, { plan, charges, key: `a-key-for-${id}` }));
  if (ending !== 'open' && ending !== 'denied') await service.settle(settlement(id, ending));
}

const settle = (...more: readonly string[]) => ['requests', 'settle', ID, '--reason', 'not there after a day', ...more];

describe('requests settle', () => {
  it('settles an unknown request beside the running service, with who and why on record', async () => {
    const { service, run, opened, path } = await harness();
    await admitAs(service, ID, 'unknown');
    const { code, stdout, stderr } = await run(settle('--as', 'refused', '--by', 'Kim from IT'));
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toBe(`settled Request ${ID} is refused, on record as settled by Kim from IT.\n`);
    expect(opened).toEqual([path]);
    expect((await service.find(ID, null))?.state).toBe('refused');
    expect((await readRecords(service)).at(-1)).toMatchObject({
      kind: 'reconciliation',
      request_id: ID,
      outcome: {
        ...{ result: 'refused', status: 400, code: 'upstream_refused' },
        ...{ settled_by: 'person', person: 'Kim from IT', note: 'not there after a day' },
      },
    } satisfies { [K in keyof RecordDraft]?: unknown });
  });

  it('gives the quota back for refused, and keeps it for accepted', async () => {
    for (const [ending, remaining] of [
      ['refused', 1],
      ['accepted', 0],
    ] as const) {
      const { service, run } = await harness();
      await admitAs(service, ID, 'unknown');
      await run(settle('--as', ending));
      expect(await service.usage([quotaCharge({ limit: 1 })])).toMatchObject([{ remaining }]);
    }
  });

  it.each([
    ['refused', { status: 400, contentType: 'application/problem+json' }],
    ['accepted', { status: 200, contentType: 'application/json', body: 'null' }],
  ] as const)('lets the idempotency key replay %s', async (ending, reply) => {
    const { service, run } = await harness();
    await admitAs(service, ID, 'unknown');
    await run(settle('--as', ending));
    const again = await service.admit(admission(OTHER, { key: `a-key-for-${ID}` }));
    expect(again).toMatchObject({ kind: 'replay', firstRequestId: ID, reply });
  });

  it('records the system’s user where nobody is named, and says so', async () => {
    const { service, run } = await harness();
    await admitAs(service, ID, 'unknown');
    const { stdout } = await run(settle('--as', 'accepted'));
    expect(stdout).toContain('settled by ops-1, this system’s user (--by NAME says otherwise)');
    expect((await readRecords(service)).at(-1)?.outcome.person).toBe('ops-1');
  });

  it('needs a name where the system has none', async () => {
    const { service, run, opened } = await harness();
    await admitAs(service, ID, 'unknown');
    const { code, stderr } = await run(settle('--as', 'accepted'), { userName: () => null });
    expect([code, opened]).toEqual([64, []]);
    expect(stderr).toContain('--by NAME');
  });

  it.each([
    ['open', 'is open: it has not ended yet'],
    ['accepted', 'is accepted already'],
    ['refused', 'is refused already'],
    ['not_sent', 'is not_sent: nothing went to Galileo'],
    ['denied', 'is denied: the policy or a quota refused it'],
  ] as const)('leaves a request alone that is %s, and says what it is', async (state, sentence) => {
    const { service, run } = await harness();
    await admitAs(service, ID, state);
    const before = await readRecords(service);
    const { code, stderr, stdout } = await run(settle('--as', 'accepted'));
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(sentence);
    expect(await readRecords(service)).toEqual(before);
    expect((await service.find(ID, ANN))?.state).toBe(state);
  });

  it('settles nothing twice', async () => {
    const { service, run } = await harness();
    await admitAs(service, ID, 'unknown');
    await run(settle('--as', 'accepted'));
    const { code, stderr } = await run(settle('--as', 'refused'));
    expect(code).toBe(1);
    expect(stderr).toContain('is accepted already');
  });

  it('says so when the answer came while it was looking', async () => {
    const { service, run } = await harness();
    await admitAs(service, ID, 'unknown');
    const raced = {
      ...service,
      settle: async () => ({ kind: 'unchanged', state: 'accepted' }) as const,
      close: async () => undefined,
    };
    const { code, stderr } = await run(settle('--as', 'refused'), {
      openSideWriter: async () => raced,
    });
    expect(code).toBe(1);
    expect(stderr).toContain('is accepted already');
  });

  it('says so when the ledger does not take it, and lets go of the file all the same', async () => {
    const { service, run } = await harness();
    await admitAs(service, ID, 'unknown');
    let closed = 0;
    const full = {
      ...service,
      settle: () => Promise.reject(new Error('database or disk is full')),
      close: async () => void (closed += 1),
    };
    const { code, stderr } = await run(settle('--as', 'refused'), {
      openSideWriter: async () => full,
    });
    expect([code, closed]).toEqual([1, 1]);
    expect(stderr).toContain('nothing was changed');
  });

  it('knows no request that the ledger does not', async () => {
    const { run } = await harness();
    const { code, stderr } = await run(settle('--as', 'accepted'));
    expect(code).toBe(1);
    expect(stderr).toBe(`This ledger has no request ${ID}.\n`);
  });

  it('asks for a ledger where the configuration names none that can be read', async () => {
    const { code, stderr } = await runCommand(settle('--as', 'accepted'), { env: { LEDGER_URL: 'mysql://x' } });
    expect(code).toBe(64);
    expect(stderr).toContain('--ledger LEDGER');
  });

  it('says why a ledger cannot be opened, without what a terminal would obey', async () => {
    const { run } = await harness();
    const { code, stderr } = await run(settle('--as', 'accepted', '--ledger', 'x.db'), {
      openSideWriter: (ledger) =>
        Promise.reject(new CommandError('refused', `the ledger ${ledgerName(ledger)}\u001b is not there`)),
    });
    expect(code).toBe(2);
    expect(stderr).toBe('the ledger x.db\ufffd is not there\n');
  });

  it.each([
    ['an ID that is none', ['requests', 'settle', 'ann@acme.com', '--as', 'accepted', '--reason', 'x'], 'a UUID'],
    ['no ending', settle(), '--as accepted or --as refused'],
    ['an ending that people cannot know', settle('--as', 'not_sent'), '--as accepted or --as refused'],
    ['no reason', ['requests', 'settle', ID, '--as', 'accepted'], '1 to 500 characters'],
    ['an empty reason', ['requests', 'settle', ID, '--as', 'accepted', '--reason', '  '], '1 to 500 characters'],
    ['a long reason', ['requests', 'settle', ID, '--as', 'accepted', '--reason', 'x'.repeat(501)], '1 to 500'],
    [
      'a reason with a blank that is no space',
      ['requests', 'settle', ID, '--as', 'refused', '--reason', 'gone\u3164'],
      'one line',
    ],
    ['a name with a tag character', settle('--as', 'refused', '--by', 'Kim\u{e0041}'), 'one line'],
    ['a name with an override of the direction', settle('--as', 'refused', '--by', '\u202emiK'), 'one line'],
    ['two lines', ['requests', 'settle', ID, '--as', 'accepted', '--reason', 'a\nb'], 'one line'],
    [
      'a reason with an address',
      ['requests', 'settle', ID, '--as', 'refused', '--reason', 'ann@acme.com is not there'],
      'no mail address',
    ],
    [
      'a full-width one',
      ['requests', 'settle', ID, '--as', 'refused', '--reason', 'ann＠acme.com is not there'],
      'no mail address',
    ],
    [
      'a reason that holds the key',
      ['requests', 'settle', ID, '--as', 'refused', '--reason', `it said ${KEY}`],
      'the Galileo key',
    ],
    ['a name that holds the key', settle('--as', 'refused', '--by', KEY), 'the Galileo key'],
    [
      'an address in two words',
      ['requests', 'settle', ID, '--as', 'refused', '--reason', 'asked ann @acme.com'],
      'no mail address',
    ],
    [
      'a name that is an address',
      settle('--as', 'refused', '--by', 'kim@acme.com'),
      '--by NAME must hold no mail address',
    ],
    ['a name with one in two words', settle('--as', 'refused', '--by', 'kim @ acme.com'), 'no mail address'],
    ['a name of two lines', settle('--as', 'refused', '--by', 'a\u2028b'), '--by NAME'],
  ])('takes no command line with %s', async (_, args, sentence) => {
    const { run, opened } = await harness();
    const { code, stdout, stderr } = await run(args);
    expect([code, stdout, opened]).toEqual([64, '', []]);
    expect(stderr).toContain(sentence);
    expect(stderr).not.toContain(KEY);
    expect(stderr).not.toContain('acme.com');
  });

  it('takes a reason that mentions somebody as people do in chats, and 500 characters of any script', async () => {
    const { service, run } = await harness();
    await admitAs(service, ID, 'unknown');
    const reason = `@kim looked: ${'語'.repeat(487)}`;
    const { code } = await run(['requests', 'settle', ID, '--as', 'accepted', '--reason', reason]);
    expect(code).toBe(0);
    expect((await readRecords(service)).at(-1)?.outcome.note).toBe(reason);
  });

  it('is one document with --json', async () => {
    const { service, run } = await harness();
    await admitAs(service, ID, 'unknown');
    const { stdout } = await run(settle('--as', 'accepted', '--json'));
    expect(JSON.parse(stdout)).toEqual({
      ...{ request_id: ID, state: 'accepted', settled_by: 'person', person: 'ops-1', note: 'not there after a day' },
    });
  });
});

describe('requests unknown', () => {
  it('lists those whose outcome is unknown and no others, newest first, over all pages', async () => {
    const { service, run } = await harness();
    const unknown = [];
    for (let n = 0; n < 230; n += 1) {
      const id = testUuid7(600 + n);
      const isUnknown = n % 100 === 0;
      if (isUnknown) unknown.push(id);
      await service.admit(admission(id));
      await service.settle(settlement(id, isUnknown ? 'unknown' : 'accepted'));
    }
    const { code, stdout } = await run(['requests', 'unknown', '--json']);
    expect(code).toBe(0);
    const { requests } = JSON.parse(stdout) as { requests: { id: string }[] };
    expect(requests.map(({ id }) => id)).toEqual(unknown.toReversed());
  });

  it('names addresses only when asked to: those that were sent', async () => {
    const { service, run } = await harness();
    const intent = recordDraft('intent', ID);
    const decisions = [
      { decision: 'deny', rule: null, because: ['no-rule'], emails: ['eve@rival.io'], email_count: 1 },
      { decision: 'allow', rule: 'hr-staff', because: [], emails: ['ann@acme.com'], email_count: 1 },
    ] as const;
    const decided = { ...intent, policy: { ...intent.policy, decisions } };
    await service.admit(admission(ID, { records: onlyRecord(decided) }));
    const outcome = recordDraft('outcome', ID, { result: 'unknown', reason: 'timeout' });
    await service.settle(settlement(ID, 'unknown', { record: outcome }));
    const without = await run(['requests', 'unknown']);
    expect(without.stdout).toBe(
      `1 unknown request\n  2026-03-02T10:00:00.000Z ${ID} from hr-portal (corp): 1 address (timeout)\n`,
    );
    const { stdout } = await run(['requests', 'unknown', '--show-addresses']);
    expect(stdout).toContain('    ann@acme.com\n');
    expect(stdout).not.toContain('eve@');
  });

  it('shows of an address that was tampered with nothing that a terminal would obey', async () => {
    const { service, run } = await harness();
    const intent = recordDraft('intent', ID);
    const emails = ['\u001b]0;owned\u0007@acme.com'];
    const decisions = [{ decision: 'allow', rule: 'hr-staff', because: [], emails, email_count: 1 }] as const;
    const decided = { ...intent, policy: { ...intent.policy, decisions } };
    await service.admit(admission(ID, { records: onlyRecord(decided) }));
    await service.settle(settlement(ID, 'unknown'));
    const { stdout } = await run(['requests', 'unknown', '--show-addresses']);
    expect(stdout).toContain('owned');
    for (const sign of ['\u0007', '\u001b']) expect(stdout).not.toContain(sign);
  });
});

describe('a ledger whose last records do not verify', () => {
  it('gets no settlement, says why with the exit of a refused start, and is still listed', async () => {
    const { service, run, path } = await harness();
    await admitAs(service, ID, 'unknown');
    const database = new DatabaseSync(path);
    database.exec(`UPDATE records SET line = replace(line, 'hr-portal', 'hr-p0rtal') WHERE seq = 1`);
    database.close();
    const deps: Partial<CliDeps> = {
      openSideWriter: (asked) =>
        openSideWriter(ledgerName(asked), { clock: createFakeClock(), ids: createFakeIds(10_000) }).catch(
          (error: unknown) => {
            throw new CommandError('refused', String(error), { cause: error });
          },
        ),
    };
    const { code, stdout, stderr } = await run(settle('--as', 'accepted'), deps);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('the audit trail is broken at seq 1');
    expect(await readRecords(service)).toHaveLength(2);
    const listed = await run(['requests', 'unknown']);
    expect([listed.code, listed.stdout]).toEqual([0, expect.stringContaining(ID)]);
  });
});

describe('a request whose records are damaged', () => {
  async function damagedHarness(damaged: Partial<RequestEntry>) {
    const { service, run, path } = await harness();
    await admitAs(service, ID, 'unknown');
    await service.admit(admission(OTHER));
    await service.settle(settlement(OTHER, 'unknown'));
    const damage = <Entry extends RequestEntry>(entry: Entry): Entry =>
      entry.requestId === ID ? { ...entry, ...damaged, unreadable: ['decision'] } : entry;
    const deps: Partial<CliDeps> = {
      async openSideWriter() {
        const ledger = await openSideWriter(path, { clock: createFakeClock(), ids: createFakeIds(20_000) });
        const find: NodeLedger['find'] = async (...asked) => {
          const entry = await ledger.find(...asked);
          return entry === null ? null : damage(entry);
        };
        return { ...ledger, find };
      },
      async openReader() {
        const reader = await readLedgerFile(path);
        const list: NodeLedger['list'] = async (query) => {
          const page = await reader.list(query);
          return { ...page, entries: page.entries.map(damage) };
        };
        return { ...reader, list };
      },
    };
    return { service, run: (args: readonly string[]) => run(args, deps) };
  }

  it('is settled from the record of its outcome when that of its intent is damaged', async () => {
    const { service, run } = await damagedHarness({ decided: null });
    expect((await run(settle('--as', 'accepted'))).code).toBe(0);
    expect((await readRecords(service)).at(-1)).toMatchObject({
      kind: 'reconciliation',
      actor: { subject: 'ann' },
      outcome: { result: 'accepted' },
    });
  });

  it('is not settled without either, and says why', async () => {
    const { service, run } = await damagedHarness({ decided: null, outcome: null });
    const { code, stderr } = await run(settle('--as', 'accepted'));
    expect(code).toBe(1);
    expect(stderr).toContain(`The records of request ${ID} cannot be read`);
    expect(await service.find(ID, null)).toMatchObject({ state: 'unknown' });
  });

  it('is listed with the others, and what cannot be read is null', async () => {
    const { run } = await damagedHarness({ decided: null, outcome: null, admittedAt: null, requestedAt: null });
    const listed = await run(['requests', 'unknown', '--json']);
    expect((JSON.parse(listed.stdout) as { requests: unknown[] }).requests).toMatchObject([
      { id: OTHER, client_id: 'hr-portal', email_count: 1 },
      { id: ID, requested_at: null, client_id: null, issuer: null, email_count: null },
    ]);
    const text = await run(['requests', 'unknown']);
    expect(text.stdout).toContain(`${ID}: its records cannot be read; see audit verify`);
    expect(text.stdout).toContain(`${OTHER} from hr-portal (corp): 1 address`);
  });
});
