import { always } from './forgery.ts';
import type { LedgerFamily } from './forgery.ts';
import type { Json, LedgerForger } from './ledger-forger.ts';

const BEHIND_ALL = 'No evidence but the delivered lines reaches behind the last checkpoint.';

/** Moves the records behind `seq` one place up, and puts this record between. */
function insertAfter(forger: LedgerForger, seq: number, record: Json): void {
  forger.sql('UPDATE records SET seq = -seq - 1 WHERE seq > ?', seq);
  forger.sql('UPDATE records SET seq = -seq WHERE seq < 0');
  forger.sql('INSERT INTO records (seq, line) VALUES (?, ?)', seq + 1, JSON.stringify(record));
  forger.sql('UPDATE requests SET decided_seq = decided_seq + 1 WHERE decided_seq > ?', seq);
  forger.sql('UPDATE requests SET outcome_seq = outcome_seq + 1 WHERE outcome_seq > ?', seq);
  forger.sql('UPDATE clock_steps SET seq = seq + 1 WHERE seq > ?', seq);
  forger.sealFrom(seq + 1);
}

/** Takes out a dry run, so that no other table names it, and moves the rest one place down. */
function takeOut(forger: LedgerForger, seq: number): void {
  forger.sql('DELETE FROM records WHERE seq = ?', seq);
  forger.sql('UPDATE records SET seq = -seq + 1 WHERE seq > ?', seq);
  forger.sql('UPDATE records SET seq = -seq WHERE seq < 0');
  forger.sql('UPDATE requests SET decided_seq = decided_seq - 1 WHERE decided_seq > ?', seq);
  forger.sql('UPDATE head SET open_after = open_after - 1');
  forger.sql('UPDATE requests SET outcome_seq = outcome_seq - 1 WHERE outcome_seq > ?', seq);
  forger.sql('UPDATE clock_steps SET seq = seq - 1 WHERE seq > ?', seq);
  forger.sql('UPDATE cursors SET position = position - 16');
  forger.sealFrom(seq);
}

/** Records that are missing in a ledger, or that are too many. */
export const FORGED_EXTENTS: LedgerFamily = {
  title: 'Records deleted and inserted',
  about: 'The same ledger, with fewer or more records.',
  forgeries: [
    {
      forgery: 'A record deleted',
      forge: (forger) => forger.sql('DELETE FROM records WHERE seq = 14'),
      finds: always('broken: missing 14 @ ledger seq 15'),
    },
    {
      forgery: 'A record deleted, the others renumbered and hashed again, and the checkpoints behind it removed',
      forge(forger) {
        takeOut(forger, 11);
        forger.dropCheckpointsAfter(10);
      },
      finds: {
        alone: 'intact, not proven 1-62',
        kept: 'broken: rewritten 1-24 @ kept.ndjson:1',
        key: 'unproven, not proven 1-62',
        both: 'broken: rewritten 1-24 @ kept.ndjson:1',
        copy: 'broken: rewritten 1-24 @ kept.ndjson:1; differs 11-62 @ ledger seq 11; truncated 63 @ ledger seq 62',
      },
    },
    {
      forgery: 'A record inserted, the others renumbered and hashed again, and the checkpoints behind it removed',
      forge(forger) {
        insertAfter(forger, 20, {
          ...forger.record(11),
          id: '019c00ff-0000-7000-8000-000000000000',
          time: forger.record(20)['time'],
        });
        forger.dropCheckpointsAfter(20);
      },
      finds: {
        alone: 'intact, not proven 1-64',
        kept: 'broken: rewritten 1-24 @ kept.ndjson:1',
        key: 'intact, not proven 13-64',
        both: 'broken: rewritten 13-24 @ kept.ndjson:1',
        copy: 'broken: rewritten 13-24 @ kept.ndjson:1; differs 21-63 @ ledger seq 21',
      },
    },
    {
      forgery: 'A record inserted before the first one, with the number 0',
      forge: (forger) => forger.sql('INSERT INTO records (seq, line) VALUES (0, ?)', forger.line(1)),
      finds: always('broken: misplaced 1 @ ledger seq 0; repeated 1 @ ledger seq 1; request_refuted 1 @ ledger seq 1'),
    },
    {
      forgery: 'A record inserted far behind the end',
      forge: (forger) => forger.sql('INSERT INTO records (seq, line) VALUES (9007199254740993, ?)', forger.line(1)),
      finds: always('refused: the ledger forged.db is damaged'),
    },
    {
      forgery: 'A record repeated behind the end',
      forge: (forger) => forger.sql('INSERT INTO records (seq, line) VALUES (64, ?)', forger.line(14)),
      finds: always('broken: repeated 14 @ ledger seq 64'),
    },
    {
      forgery: 'A record appended with the right hash, and the head left',
      forge(forger) {
        forger.sql('INSERT INTO records (seq, line) VALUES (64, ?)', forger.line(11));
        forger.edit(64, (record) => ({ ...record, time: forger.record(63)['time'] }));
        forger.sealFrom(64);
        forger.sql('UPDATE head SET seq = 63, hash = ?', String(forger.record(63)['hash']));
      },
      finds: always('broken: beyond_head 64 @ the head of the ledger'),
    },
    {
      forgery: 'A dry run appended with the right hash, and the head made to fit',
      forge(forger) {
        forger.sql('INSERT INTO records (seq, line) VALUES (64, ?)', forger.line(11));
        forger.edit(64, (record) => ({ ...record, time: forger.record(63)['time'] }));
        forger.sealFrom(64);
      },
      finds: {
        alone: 'intact, not proven 1-64',
        kept: 'intact, not proven 25-64',
        key: 'intact, not proven 37-64',
        both: 'intact, not proven 37-64',
        copy: 'intact, not proven 37-64',
      },
      because: `${BEHIND_ALL} The sinks will receive it with the others.`,
    },
    {
      forgery: 'The end deleted',
      forge: (forger) => forger.sql('DELETE FROM records WHERE seq > 50'),
      finds: always('broken: truncated 51-63 @ ledger seq 50'),
    },
    {
      forgery: 'The end deleted behind the last checkpoint, and the other tables made to fit',
      forge: (forger) => forger.cutAfter(50),
      finds: {
        alone: 'intact, not proven 1-50',
        kept: 'intact, not proven 25-50',
        key: 'intact, not proven 37-50',
        both: 'intact, not proven 37-50',
        copy: 'broken: truncated 51-63 @ ledger seq 50',
      },
      because: BEHIND_ALL,
    },
    {
      forgery: 'The end deleted behind the kept checkpoint, and the other tables made to fit',
      forge: (forger) => forger.cutAfter(31),
      finds: {
        alone: 'intact, not proven 1-31',
        kept: 'intact, not proven 25-31',
        key: 'intact, not proven 25-31',
        both: 'intact, not proven 25-31',
        copy: 'broken: truncated 32-63 @ ledger seq 31',
      },
      because: 'The kept checkpoint is older than the cut. A newer one would show it.',
    },
    {
      forgery: 'The end deleted before the kept checkpoint, and the other tables made to fit',
      forge: (forger) => forger.cutAfter(20),
      finds: {
        alone: 'intact, not proven 1-20',
        kept: 'broken: truncated 21-24 @ ledger seq 20',
        key: 'intact, not proven 13-20',
        both: 'broken: truncated 21-24 @ ledger seq 20',
        copy: 'broken: truncated 21-63 @ ledger seq 20',
      },
    },
    {
      forgery: 'Everything deleted, and the other tables made to fit',
      forge: (forger) => {
        forger.cutAfter(1);
        forger.sql('DELETE FROM records');
        forger.sql('DELETE FROM requests');
        forger.sql('DELETE FROM keys');
        forger.sql('UPDATE cursors SET position = 0');
        forger.sql('UPDATE head SET seq = 0, hash = ?', '0'.repeat(64));
      },
      finds: {
        alone: 'intact',
        kept: 'broken: truncated 1-24 @ the beginning',
        key: 'unproven',
        both: 'broken: truncated 1-24 @ the beginning',
        copy: 'broken: truncated 1-63 @ the beginning',
      },
    },
    {
      forgery: 'The beginning deleted, as if retention had dropped it',
      forge(forger) {
        forger.sql('DELETE FROM records WHERE seq <= 12');
        forger.sql('DELETE FROM requests WHERE decided_seq <= 12');
        forger.sql('DELETE FROM keys WHERE request_id NOT IN (SELECT request_id FROM requests)');
        forger.sql('DELETE FROM clock_steps WHERE seq <= 12');
        forger.sql(
          'UPDATE head SET base_seq = 12, base_hash = ?',
          String((JSON.parse(forger.line(13)) as Json)['prev']),
        );
      },
      finds: always('broken: beginning_missing 1-12 @ the head of the ledger'),
    },
    {
      forgery: 'The beginning deleted up to a record without a checkpoint',
      forge(forger) {
        forger.sql('DELETE FROM records WHERE seq <= 14');
        forger.sql('DELETE FROM checkpoints WHERE count < 14');
        forger.sql('DELETE FROM requests WHERE decided_seq <= 14');
        forger.sql('DELETE FROM keys WHERE request_id NOT IN (SELECT request_id FROM requests)');
        forger.sql('DELETE FROM clock_steps WHERE seq <= 14');
        forger.sql(
          'UPDATE head SET base_seq = 14, base_hash = ?',
          String((JSON.parse(forger.line(15)) as Json)['prev']),
        );
      },
      finds: always('broken: base_unproven 14 @ the head of the ledger'),
    },
  ],
};
