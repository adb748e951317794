import type { LedgerFamily } from './forgery.ts';
import type { Json, LedgerForger } from './ledger-forger.ts';

const IN_THE_LINES =
  'Beside the lines nothing is lost: they have records 21 to 63. The answer names the restore: ask who made it.';
const ASK =
  'The answer names the restore. Ask who restored the ledger: the log of `ledger restore` and the files that it kept say so.';

/** A record that the trail was restored from a backup which ends with record `seq`, as `ledger restore` writes it. */
function claimRestore(forger: LedgerForger, seq: number, changes: Json = {}): void {
  const { time, hash, service } = forger.record(seq);
  const change = { what: 'restored', records: seq, head: hash, backup_time: time, ...changes };
  const record = { kind: 'change', id: '019c00ff-0000-7000-8000-000000000000', time, change, service };
  forger.sql('INSERT INTO records (seq, line) VALUES (?, ?)', seq + 1, JSON.stringify(record));
  forger.sealFrom(seq + 1);
}

/** A restore makes a trail fork, so an attacker may claim one. */
export const FORGED_RESTORES: LedgerFamily = {
  title: 'Restores that never were',
  about:
    'After a restore (`ledger restore`) the ledger holds other records than the delivered lines. An attacker may claim one.',
  forgeries: [
    {
      forgery: 'The end deleted behind the kept checkpoint, and a restore put on record in its place',
      forge(forger) {
        forger.cutAfter(31);
        claimRestore(forger, 31);
      },
      finds: {
        alone: 'intact, not proven 1-32',
        kept: 'intact, not proven 25-32',
        key: 'intact, not proven 25-32',
        both: 'intact, not proven 25-32',
        copy: 'intact, not proven 25-32',
      },
      because: ASK,
    },
    {
      forgery: 'The end deleted before the kept checkpoint, and a restore put on record in its place',
      forge(forger) {
        forger.cutAfter(20);
        claimRestore(forger, 20);
      },
      finds: {
        alone: 'intact, not proven 1-21',
        kept: 'broken: lost_to_restore 21-24 @ record 21',
        key: 'intact, not proven 13-21',
        both: 'broken: lost_to_restore 21-24 @ record 21',
        copy: 'intact, not proven 21-21',
      },
      because: IN_THE_LINES,
    },
    {
      forgery: 'The same, with a checkpoint behind it that the service’s own key signed',
      async forge(forger) {
        forger.cutAfter(20);
        claimRestore(forger, 20);
        await forger.checkpointAgain([21], forger.honest.keys.service.signer);
      },
      finds: {
        alone: 'intact, not proven 1-21',
        kept: 'broken: lost_to_restore 21-24 @ record 21',
        key: 'intact',
        both: 'broken: lost_to_restore 21-24 @ record 21',
        copy: 'intact',
      },
      because: IN_THE_LINES,
    },
    {
      forgery: 'A restore put on record that names another record than the one before',
      forge(forger) {
        forger.cutAfter(31);
        claimRestore(forger, 31, { head: 'ab'.repeat(32) });
      },
      finds: {
        alone: 'broken: restored_refuted 32 @ ledger seq 32',
        kept: 'broken: restored_refuted 32 @ ledger seq 32',
        key: 'broken: restored_refuted 32 @ ledger seq 32',
        both: 'broken: restored_refuted 32 @ ledger seq 32',
        copy: 'broken: restored_refuted 32 @ ledger seq 32; differs 32 @ ledger seq 32; truncated 33-63 @ ledger seq 32',
      },
    },
    {
      forgery: 'The record of a real restore deleted, and the end with it',
      forge(forger) {
        forger.cutAfter(31);
        claimRestore(forger, 31);
        forger.sql('DELETE FROM records WHERE seq = 32');
        forger.sql('UPDATE head SET seq = 31, hash = ?', String(forger.record(31)['hash']));
      },
      finds: {
        alone: 'intact, not proven 1-31',
        kept: 'intact, not proven 25-31',
        key: 'intact, not proven 25-31',
        both: 'intact, not proven 25-31',
        copy: 'broken: truncated 32-63 @ ledger seq 31',
      },
      because: 'What is left is a cut end.',
    },
  ],
};
