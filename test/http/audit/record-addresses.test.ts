/** AUDIT_EMAILS=hmac over HTTP: the trail holds no address, and all features that need an address still work. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createRecordAddress } from '../../../src/audit/record-address.ts';
import { createHttpClient } from '../../../src/platform/node/http-client/http-client.ts';
import { openLedger } from '../../../src/platform/node/ledger/open-ledger.ts';
import { random } from '../../../src/platform/node/runtime.ts';
import { createFakeClock, createFakeIds } from '../../support/clock.ts';
import { MINUTE_MS } from '../../support/ledger/ledger.ts';
import { startTestService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import { recordLogs } from '../../support/upstream.ts';

const recordAddress = createRecordAddress({ kind: 'hmac', key: new Uint8Array(32).fill(9) });
const hmacked = { deps: { recordAddress }, settings: { GALILEO_RECONCILE: true } };
const KEY = { 'Idempotency-Key': 'a-key-of-the-caller-1' };

async function reconcileOnce({ reconcile }: TestService): Promise<number> {
  if (reconcile === null) throw new Error('GALILEO_RECONCILE is off');
  return await reconcile();
}

describe('a trail that holds addresses as HMACs', () => {
  it('holds none as it was given, whatever became of the request, and Galileo gets them all the same', async () => {
    const service = await startTestService(hmacked);
    await service.invite({ emails: ['Ann@acme.com'] }, { headers: KEY });
    await service.invite({ emails: ['Ann@acme.com'] }, { headers: KEY });
    await service.invite({ emails: ['eve@rival.io', 'bob@acme.com'] });
    await service.invite({ emails: ['eve@rival.io', 'bob@acme.com'] }, { headers: { Prefer: 'handling=lenient' } });
    await service.invite({ emails: ['refuse@acme.com'] });
    await service.invite({ emails: ['hangup@acme.com'] });
    await service.invite({ emails: ['ann@acme.com'] }, { query: '?dry_run=true' });
    await service.invite({ emails: Array.from({ length: 21 }, (_, n) => `p${n}@acme.com`) });
    for (let n = 0; n < 4; n += 1)
      await service.invite({ emails: Array.from({ length: 20 }, (_, m) => `q${n}-${m}@acme.com`) });
    const records = await service.records();
    expect(new Set(records.map(({ kind }) => kind))).toEqual(
      new Set(['intent', 'outcome', 'replay', 'denial', 'dry_run']),
    );
    expect(records.map(({ outcome }) => outcome.code)).toContain('quota_exhausted');
    expect(JSON.stringify(records)).not.toContain('@');
    expect(records[0]?.request.emails).toEqual([recordAddress('ann@acme.com')]);
    expect(service.galileo.received[0]?.body).toContain('"Ann@acme.com"');
    const lenient = records.find(({ policy }) => policy.verdict === 'allow' && policy.decisions.length === 2);
    expect(lenient?.policy.decisions.map(({ emails }) => emails)).toEqual([
      [recordAddress('eve@rival.io')],
      [recordAddress('bob@acme.com')],
    ]);
  });

  it('holds none that stands in what the caller says of itself', async () => {
    const service = await startTestService(hmacked);
    const token = await service.token({ jti: 'invite-for-ann@acme.com-1' });
    const headers = {
      'User-Agent': 'invite-form/2 (for ann@acme.com) bob%40acme.com ok',
      Origin: 'https://ann@acme.com',
    };
    await service.invite({ emails: ['ann@acme.com'] }, { token, headers });
    await service.invite({ emails: ['ann@acme.com'] }, { token, headers, query: '?dry_run=true' });
    const records = await service.records();
    expect(records.map(({ kind }) => kind)).toEqual(['intent', 'outcome', 'dry_run']);
    for (const { source, actor } of records) {
      expect(source).toMatchObject({ user_agent: 'invite-form/2 (for [address] [address] ok', origin: '[address]' });
      expect(actor.token_id).toBe('[address]');
    }
    expect(JSON.stringify(records)).not.toMatch(/@|%40/);
  });

  it('still tells the caller whom it refused, as the caller wrote it', async () => {
    const service = await startTestService(hmacked);
    const denied = await service.invite({ emails: ['Eve@rival.io'] });
    expect(await denied.json()).toMatchObject({ decisions: [{ email: 'Eve@rival.io' }] });
  });

  it('is what GET /v2/invite_requests shows', async () => {
    const service = await startTestService(hmacked);
    const invited = await service.invite({ emails: ['ann@acme.com'] });
    const shown = await service.request(`/v2/invite_requests/${invited.headers.get('X-Request-Id')}`, {
      headers: { Authorization: `Bearer ${await service.token()}` },
    });
    expect(await shown.json()).toMatchObject({ request: { emails: [recordAddress('ann@acme.com')] } });
  });

  it('lets Galileo be asked by the addresses that were sent, and holds none of them afterwards', async () => {
    const service = await startTestService(hmacked);
    service.galileo.scriptClock(() => service.clock.now() + 1);
    service.galileo.script({ kind: 'hangup', when: 'after_inviting' });
    await service.invite({ emails: ['Ann@acme.com', 'bob@acme.com'] }, { headers: KEY });
    service.clock.advance(MINUTE_MS);
    expect(await reconcileOnce(service)).toBe(1);
    expect(service.galileo.lookUps[0]?.body).toContain('"Ann@acme.com"');
    const records = await service.records();
    expect(records.at(-1)).toMatchObject({
      kind: 'reconciliation',
      outcome: {
        result: 'accepted',
        evidence: { users: [{ email: recordAddress('ann@acme.com') }, { email: recordAddress('bob@acme.com') }] },
      },
    });
    expect(JSON.stringify(records)).not.toContain('@');
    expect(service.logLines.join('\n')).not.toContain('@');
    expect((await service.invite({ emails: ['Ann@acme.com', 'bob@acme.com'] }, { headers: KEY })).status).toBe(200);
    expect(service.galileo.received).toHaveLength(1);
  });

  it('keeps the bytes of a request while it is unknown, and nowhere in the file once it is settled', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'invite-proxy-record-addresses-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const clock = createFakeClock();
    const path = join(folder, 'ledger.db');
    const ports = { clock, ids: createFakeIds(1_000), logger: recordLogs(), random };
    const ledger = await openLedger({ path, ...ports, metrics: { count: () => undefined } });
    const http = createHttpClient();
    // A second HTTP client: the service's own ledger stays empty here, so the trail check must not count these
    // requests.
    const service = await startTestService({
      galileo: 'served',
      wrapLedger: () => ledger,
      deps: { recordAddress, clock, http },
      settings: { GALILEO_RECONCILE: true },
    });
    service.galileo.scriptClock(() => clock.now() + 1);
    service.galileo.script({ kind: 'hangup', when: 'after_inviting' });
    // Longer than a page of the file, so that whole pages become free.
    const domain = Array.from({ length: 3 }, () => 'a'.repeat(60)).join('.');
    const emails = Array.from({ length: 20 }, (_, n) => `needle.in.haystack.${n}@${domain}.acme.com`);
    expect((await service.invite({ emails })).status).toBe(504);
    expect(await bytesIn(folder)).toContain('needle.in.haystack.19');
    clock.advance(MINUTE_MS);
    expect(await reconcileOnce(service)).toBe(1);
    await ledger.close();
    await http.close();
    expect(await bytesIn(folder)).not.toContain('needle.in.haystack');
  });
});

async function bytesIn(folder: string): Promise<string> {
  const files = await readdir(folder);
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), 'latin1')));
  return texts.join('\n');
}
