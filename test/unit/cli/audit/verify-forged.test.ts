/**
 * `audit verify` of ledgers that were forged by an attacker who can write every byte of the file: with a public key, no
 * such ledger is intact, and the answer says which records are proven.
 */
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Line, TestKey } from '../../audit/verify/trail-harness.ts';
import { testKey, trailOf } from '../../audit/verify/trail-harness.ts';
import type { Folder } from './audit-harness.ts';
import { audit, fillLedger, makeLedger, tempFolder, verified } from './audit-harness.ts';

const RECORDS = 40;

let folder: Folder;
let key: TestKey;
let other: TestKey;
let publicKey: string;
let otherPublicKey: string;

beforeAll(async () => {
  [key, other] = await Promise.all([testKey(7), testKey(9)]);
});
beforeEach(() => {
  folder = tempFolder();
  publicKey = folder.write('key.pem', key.publicPem);
  otherPublicKey = folder.write('other.pem', other.publicPem);
});
afterEach(() => folder.remove());

async function ledgerOf(lines: readonly Line[]): Promise<string> {
  const path = await makeLedger(folder.path('ledger.db'));
  await fillLedger(path, lines);
  return path;
}

const withoutCheckpoints = (lines: readonly Line[]): Line[] => lines.filter(({ item }) => item.kind === 'record');

describe('audit verify of a ledger that was written anew', () => {
  it('finds it not proven with a public key when no checkpoint is left, and exits 4', async () => {
    // Another history with right hashes, as anyone can compute them.
    const forged = await trailOf(RECORDS, { salt: 'forged' });
    const path = await ledgerOf(withoutCheckpoints(forged.lines));
    const { code, found, report } = await verified(['--ledger', path, '--public-key', publicKey]);
    expect({ code, found, verdict: report.verdict, proof: report.ledger?.proof }).toEqual({
      code: 4,
      found: [],
      verdict: 'unproven',
      proof: { proven: [], not_vouched: { from: 1, to: RECORDS }, cut_shows_to: null, not_checked: [] },
    });
    const { stdout } = await audit(['verify', '--ledger', path, '--public-key', publicKey]);
    expect(stdout).toBe(
      `unproven Ledger: records 1 to ${RECORDS} (${RECORDS}), 0 checkpoints\n` +
        '  Not proven: too few records are covered by a valid signature of a given key: the others could have been written anew\n' +
        `  Not proven: records 1 to ${RECORDS} are behind every signed or kept checkpoint: a rewrite would not show\n` +
        '  Not proven: that nothing was cut off at the end; give --checkpoint\n' +
        '\n' +
        '  Not checked: 1 policy that records name and the ledger does not keep (abababababab)\n',
    );
  });

  it('finds it broken when its checkpoints are unsigned or signed with another key', async () => {
    for (const signer of [null, other.signer]) {
      const forged = await trailOf(RECORDS, { salt: 'forged', signer });
      const { code } = await verified(['--ledger', await ledgerOf(forged.lines), '--public-key', publicKey]);
      expect(code).toBe(1);
      folder.remove();
      folder = tempFolder();
      publicKey = folder.write('key.pem', key.publicPem);
    }
  });

  it('finds it broken when honest checkpoints are left', async () => {
    const honest = await trailOf(RECORDS, { signer: key.signer });
    const forged = await trailOf(RECORDS, { salt: 'forged' });
    const checkpoints = honest.lines.filter(({ item }) => item.kind === 'checkpoint');
    const path = await ledgerOf([...withoutCheckpoints(forged.lines), ...checkpoints]);
    const { code, found } = await verified(['--ledger', path, '--public-key', publicKey]);
    expect([code, found]).toEqual([1, [`rewritten 1-${RECORDS} @ ledger checkpoint ${RECORDS}`]]);
  });

  it('finds it not proven when forged records follow a genuine checkpoint of records that are not there', async () => {
    const honest = await trailOf(10, { signer: key.signer });
    const forged = await trailOf(20, { after: honest.head, salt: 'forged' });
    const lines = [honest.lines.at(-1)!, ...withoutCheckpoints(forged.lines)].map(({ text }) => `${text}\n`);
    const file = folder.write('lines.ndjson', lines.join(''));
    const { code, report } = await verified(['--lines', file, '--public-key', publicKey]);
    expect([code, report.lines?.signed_to, report.lines?.proof.proven]).toEqual([4, 10, []]);
  });

  it('names the records behind the last signed checkpoint as not proven', async () => {
    const honest = await trailOf(25, { signer: key.signer });
    const forgedEnd = await trailOf(15, { after: honest.head, salt: 'forged' });
    const path = await ledgerOf([...honest.lines, ...withoutCheckpoints(forgedEnd.lines)]);
    const { code, report } = await verified(['--ledger', path, '--public-key', publicKey]);
    expect([code, report.ledger?.proof]).toEqual([
      0,
      {
        proven: [{ from: 1, to: 25, against: 'signature' }],
        not_vouched: { from: 26, to: 40 },
        cut_shows_to: null,
        not_checked: [],
      },
    ]);
    const { stdout } = await audit(['verify', '--ledger', path, '--public-key', publicKey]);
    expect(stdout).toContain(
      'Not proven: records 26 to 40 are behind every signed or kept checkpoint: a rewrite would not show',
    );
  });

  it('says without any evidence that nothing but the chain was checked', async () => {
    const forged = await trailOf(RECORDS, { salt: 'forged' });
    const { code, report } = await verified(['--ledger', await ledgerOf(withoutCheckpoints(forged.lines))]);
    expect([code, report.ledger?.proof]).toEqual([
      0,
      { proven: [], not_vouched: { from: 1, to: RECORDS }, cut_shows_to: null, not_checked: [] },
    ]);
  });
});

describe('audit verify with the keys of a service that changed its key', () => {
  it('takes several files with keys, and names the one that holds none', async () => {
    const before = await trailOf(20, { signer: other.signer });
    const since = await trailOf(20, { signer: key.signer, after: before.head, previous: before.checkpoints.at(-1)! });
    const path = await ledgerOf([...before.lines, ...since.lines]);
    const args = ['--ledger', path, '--public-key', publicKey];
    expect((await verified(args)).code).toBe(1);
    expect((await verified([...args, '--public-key', otherPublicKey])).code).toBe(0);
    const empty = folder.write('empty.pem', 'no key');
    const { code, stderr } = await audit(['verify', ...args, '--public-key', empty]);
    expect([code, stderr]).toEqual([2, expect.stringContaining(empty)]);
  });

  it('excuses unsigned checkpoints before the record of --signed-since, and only those', async () => {
    const before = await trailOf(20, { signer: null });
    const since = await trailOf(20, { signer: key.signer, after: before.head, previous: before.checkpoints.at(-1)! });
    const path = await ledgerOf([...before.lines, ...since.lines]);
    const args = ['--ledger', path, '--public-key', publicKey];
    expect((await verified(args)).code).toBe(1);
    expect((await verified([...args, '--signed-since', '20'])).code).toBe(1);
    const { code, report } = await verified([...args, '--signed-since', '21']);
    // The later signature covers the earlier records too.
    expect([code, report.ledger?.proof.proven]).toEqual([0, [{ from: 1, to: 40, against: 'signature' }]]);
  });

  it.each([
    [['--signed-since', '5'], '--signed-since needs --public-key'],
    [['--public-key', 'key.pem', '--signed-since', 'yesterday'], '--signed-since is the number of a record'],
  ])('refuses %j', async (args, problem) => {
    const given = args.map((arg) => (arg === 'key.pem' ? publicKey : arg));
    const path = await ledgerOf((await trailOf(5)).lines);
    const { code, stderr } = await audit(['verify', '--ledger', path, ...given]);
    expect([code, stderr]).toEqual([64, expect.stringContaining(problem)]);
  });
});
