import { describe, expect, it } from 'vitest';
import type { AuditRecord, RecordChange, RecordService } from '../../../../src/audit/record.ts';
import type { ChangeReport, ReportedChange } from '../../../../src/ledger/records/change-report.ts';
import { DEFERRED_FOR_MS } from '../../../../src/ledger/records/change-report.ts';
import { canonicalJson } from '../../../../src/lib/canonical-json.ts';
import { sha256Hex } from '../../../../src/lib/sha256.ts';
import { testUuid7 } from '../../../support/clock.ts';
import { admission, ANN, DAY_MS, MINUTE_MS, readTrail, settlement } from '../../../support/ledger/ledger.ts';
import type { LedgerHarness } from '../ledger-harness.ts';

const SERVICE: RecordService = { name: 'galileo-invite-proxy', version: '1.0.0', runtime: 'test', instance: 'one' };
const STARTED = { what: 'service_started', runtime: 'test 1', settings_sha256: 'aa'.repeat(32) } as const;
const REFUSED = { what: 'policy_refused', kept: 'aa'.repeat(32), problems: 2, text_sha256: 'bb'.repeat(32) } as const;
const KEY = 'abcdef012345';
const OTHER_KEY = '543210fedcba';

/** A policy as the ledger keeps it. */
function policy(name: string) {
  const document = canonicalJson({ version: 1, name, text: 'Ä "quoted"' });
  return { document, digest: sha256Hex(document) };
}
const [A, B, C] = [policy('a'), policy('b'), policy('c')];

const taken = ({ digest, document }: ReturnType<typeof policy>) =>
  ({ what: 'policy_taken', to: digest, document }) as const;

/** What changed is on record once, with what was before, and a policy that decided something is kept. */
export function describeChanges(harness: LedgerHarness): void {
  const report = (change: ReportedChange, seen: ChangeReport['seen'], service = SERVICE) =>
    harness.ledger.recordChanges([{ change, seen, service }]).then(([answer]) => answer);
  const changed = (change: ReportedChange, service = SERVICE) => report(change, 'changed', service);
  const found = (change: ReportedChange, service = SERVICE) => report(change, 'found', service);
  const trail = async () => (await readTrail(harness.ledger)).map((line) => JSON.parse(line) as AuditRecord);
  const changes = async (): Promise<readonly RecordChange[]> =>
    (await trail()).flatMap((record) => (record.kind === 'change' ? [record.change] : []));

  describe('changes', () => {
    it('are records of the chain, without a caller, a request or a policy', async () => {
      expect(await changed(STARTED)).toBe('recorded');
      const [record] = await trail();
      expect(record).toMatchObject({ seq: 1, kind: 'change', change: STARTED, service: SERVICE });
      expect(Object.keys(record ?? {}).toSorted()).toEqual([
        'change',
        'hash',
        'id',
        'kind',
        'prev',
        'seq',
        'service',
        'time',
      ]);
    });

    it('have the starts and stops of the only process each time, in order', async () => {
      for (const change of [STARTED, { what: 'service_stopped' }, STARTED] as const) await changed(change);
      expect((await changes()).map(({ what }) => what)).toEqual([
        'service_started',
        'service_stopped',
        'service_started',
      ]);
    });

    it('have the start of a deployed version once, however many instances report it', async () => {
      expect(await found(STARTED)).toBe('recorded');
      expect(await found(STARTED)).toBe('unchanged');
      expect(await found({ ...STARTED, settings_sha256: 'cc'.repeat(32) })).toBe('recorded');
      expect(await found({ ...STARTED, settings_sha256: 'cc'.repeat(32) }, { ...SERVICE, instance: 'two' })).toBe(
        'recorded',
      );
      expect(await changes()).toHaveLength(3);
    });

    it('name the policy that was on record before, and are not repeated for the same one', async () => {
      for (const one of [A, A, B, B, A]) await changed(taken(one));
      expect(await changes()).toEqual([
        { what: 'policy_taken', from: null, to: A.digest },
        { what: 'policy_taken', from: A.digest, to: B.digest },
        { what: 'policy_taken', from: B.digest, to: A.digest },
      ]);
    });

    it('keep the text of each policy that was taken, byte for byte', async () => {
      await changed(taken(A));
      await changed(taken(B));
      expect(await harness.ledger.findPolicy(A.digest)).toBe(A.document);
      expect(await harness.ledger.findPolicy(B.digest)).toBe(B.document);
      expect(await harness.ledger.findPolicy(C.digest)).toBeNull();
    });

    it('ask for the text of a policy that is not kept, and record nothing until it comes', async () => {
      const bare = { ...taken(A), document: null };
      expect(await changed(bare)).toBe('document_needed');
      expect(await changes()).toEqual([]);
      expect(await changed(taken(A))).toBe('recorded');
      await changed(taken(B));
      expect(await changed(bare)).toBe('recorded');
    });

    it('have a refused policy once, until another text is refused or another policy stays', async () => {
      for (const change of [REFUSED, REFUSED, { ...REFUSED, text_sha256: 'dd'.repeat(32) }]) await changed(change);
      await changed({ ...REFUSED, kept: 'cc'.repeat(32), text_sha256: 'dd'.repeat(32) });
      const { text_sha256: _, ...recorded } = REFUSED;
      expect(await changes()).toEqual([recorded, recorded, { ...recorded, kept: 'cc'.repeat(32) }]);
    });

    it('have each key slot and the checkpoint key, with what was there before', async () => {
      await changed({ what: 'key_slot_changed', slot: 'current', to: KEY });
      await changed({ what: 'key_slot_changed', slot: 'next', to: null });
      await changed({ what: 'key_slot_changed', slot: 'next', to: OTHER_KEY });
      await changed({ what: 'key_slot_changed', slot: 'next', to: null });
      await changed({ what: 'checkpoint_key_changed', to: null });
      await changed({ what: 'checkpoint_key_changed', to: 'ab'.repeat(8) });
      expect(await changes()).toEqual([
        { what: 'key_slot_changed', slot: 'current', from: null, to: KEY },
        { what: 'key_slot_changed', slot: 'next', from: null, to: OTHER_KEY },
        { what: 'key_slot_changed', slot: 'next', from: OTHER_KEY, to: null },
        { what: 'checkpoint_key_changed', from: null, to: 'ab'.repeat(8) },
      ]);
    });

    it('defer what an instance found for as long as it may be an old value, and record it then', async () => {
      await found(taken(A));
      await found(taken(B));
      expect(await found(taken(A))).toBe('deferred');
      harness.clock.advance(DEFERRED_FOR_MS - 1);
      expect(await found(taken(A))).toBe('deferred');
      expect(await found(taken(B))).toBe('unchanged');
      harness.clock.advance(1);
      expect(await found(taken(A))).toBe('recorded');
      expect((await changes()).at(-1)).toEqual({ what: 'policy_taken', from: B.digest, to: A.digest });
    });

    it('record at once what an instance saw change, and what was never on record', async () => {
      await found(taken(A));
      await found(taken(B));
      expect(await changed(taken(A))).toBe('recorded');
      expect(await found(taken(C))).toBe('recorded');
    });

    it('keep the text of a policy whose change is deferred, because requests are decided by it', async () => {
      await found(taken(A));
      await found(taken(B));
      await harness.addCheckpoint(2);
      await harness.pass(10 * DAY_MS);
      await harness.ledger.prune({ sinks: [], keepRecordsMs: DAY_MS });
      expect(await harness.ledger.findPolicy(A.digest)).toBeNull();
      await changed(taken(C));
      await changed(taken(B));
      expect(await found({ ...taken(A), document: null })).toBe('document_needed');
      expect(await found(taken(A))).toBe('deferred');
      expect(await harness.ledger.findPolicy(A.digest)).toBe(A.document);
    });

    it('answer several reports in order', async () => {
      const reports = [STARTED, taken(A), { ...taken(B), document: null }, taken(A)] as const;
      expect(
        await harness.ledger.recordChanges(reports.map((change) => ({ change, seen: 'changed', service: SERVICE }))),
      ).toEqual(['recorded', 'recorded', 'document_needed', 'unchanged']);
      expect((await trail()).map(({ seq }) => seq)).toEqual([1, 2]);
    });

    it('are found by time and kind, and by no other filter', async () => {
      await changed(STARTED);
      const search = async (filter: object) =>
        (await harness.ledger.search({ filter, after: 0, limit: 10 })).records.map(({ seq }) => seq);
      const now = harness.clock.now();
      expect(await search({})).toEqual([1]);
      expect(await search({ fromMs: now, toMs: now + 1 })).toEqual([1]);
      expect(await search({ toMs: now })).toEqual([]);
      expect([await search({ kind: 'change', fromMs: now }), await search({ kind: 'read' })]).toEqual([[1], []]);
      const others = {
        requestId: testUuid7(1),
        subject: 'ann',
        clientId: 'hr-portal',
        email: 'ann@acme.com',
        rule: 'x',
      };
      for (const [name, value] of Object.entries(others)) expect(await search({ [name]: value })).toEqual([]);
      expect(await search({ outcome: 'denied' })).toEqual([]);
      expect(await harness.ledger.search({ filter: { subject: 'ann' }, after: 0, limit: 1 })).toMatchObject({
        unreadable: [],
      });
    });
  });

  describe('the policies in the ledger', () => {
    let next = 500;
    /** A refusal by this policy. */
    async function decide({ digest }: ReturnType<typeof policy>, plan: 'deny' | 'send' = 'deny'): Promise<string> {
      const id = testUuid7((next += 1));
      const asked = admission(id, { plan, owner: { ...ANN, subject: id } });
      const { base } = asked.records;
      const records = { ...asked.records, base: { ...base, policy: { ...base.policy, digest } } };
      await harness.ledger.admit({ ...asked, records });
      return id;
    }
    const dropAll = async () => await dropTo((await harness.ledger.chain()).head.seq);
    async function dropTo(seq: number): Promise<void> {
      await harness.addCheckpoint(seq);
      await harness.pass(10 * DAY_MS);
      await harness.ledger.prune({ sinks: [], keepRecordsMs: DAY_MS });
    }
    const kept = async () => {
      const texts = await Promise.all([A, B, C].map(({ digest }) => harness.ledger.findPolicy(digest)));
      return [A, B, C]
        .filter((_, index) => texts[index] !== null)
        .map(({ document }) => (JSON.parse(document) as { name: string }).name);
    };

    it('stay as long as a record names them, and go with the last one', async () => {
      await changed(taken(A));
      await decide(A);
      await changed(taken(B));
      await decide(B);
      await decide(A);
      await decide(B);
      await dropTo(4);
      expect(await kept()).toEqual(['a', 'b']);
      await dropTo(6);
      expect(await kept()).toEqual(['b']);
    });

    it('stay while one of them is the policy in force, without any record', async () => {
      await changed(taken(A));
      await dropAll();
      expect((await trail()).length).toBe(0);
      expect(await kept()).toEqual(['a']);
      await harness.pass(10 * DAY_MS);
      await decide(A);
      await dropAll();
      expect(await kept()).toEqual(['a']);
    });

    it('stay for a request whose outcome came under a later policy', async () => {
      await changed(taken(A));
      const id = await decide(A, 'send');
      await changed(taken(B));
      await decide(B);
      await harness.ledger.settle(settlement(id, 'unknown', {}));
      await dropAll();
      await decide(B);
      expect(await kept()).toEqual(['a', 'b']);
    });

    it('stay for the change that names them as the policy before', async () => {
      await changed(taken(A));
      await decide(A);
      await decide(A);
      const { head } = await harness.ledger.chain();
      await changed(taken(B));
      await dropTo(head.seq);
      expect((await changes()).map(({ what }) => what)).toEqual(['policy_taken']);
      expect(await kept()).toEqual(['a', 'b']);
      await decide(B);
      await dropAll();
      expect(await kept()).toEqual(['b']);
    });

    it('stay when two of them decide in turn', async () => {
      await changed(taken(A));
      await changed(taken(B));
      for (let n = 0; n < 6; n += 1) {
        await decide(A);
        await decide(B);
        harness.clock.advance(MINUTE_MS);
      }
      await dropAll();
      expect(await kept()).toEqual(['b']);
      await changed(taken(A));
      await decide(A);
      await decide(B);
      await dropAll();
      await decide(A);
      expect(await kept()).toContain('a');
    });
  });
}
