import { always, UNSEEN } from './forgery.ts';
import type { LedgerFamily } from './forgery.ts';
import type { LedgerForger } from './ledger-forger.ts';

const NOT_RECORDED = 'No record holds it.';

/** Changes the row of the request that this record decided. */
const set =
  (decidedSeq: number, changes: string) =>
  ({ sql }: LedgerForger): void =>
    sql(`UPDATE requests SET ${changes} WHERE decided_seq = ?`, decidedSeq);

/** Changes the key of the request that this record decided. */
const setKey =
  (decidedSeq: number, changes: string) =>
  ({ sql }: LedgerForger): void =>
    sql(
      `UPDATE keys SET ${changes} WHERE request_id = (SELECT request_id FROM requests WHERE decided_seq = ?)`,
      decidedSeq,
    );

/** Changes the stored answer of the request that this record decided. */
const setReply =
  (decidedSeq: number, changes: string) =>
  ({ sql }: LedgerForger): void =>
    sql(`UPDATE replies SET ${changes} WHERE seq = ?`, decidedSeq);

const insertRequest = ({ sql }: LedgerForger): void => {
  sql('CREATE TEMP TABLE copied AS SELECT * FROM requests WHERE decided_seq = 13');
  sql("UPDATE copied SET request_id = '019c00ff-0000-7000-8000-000000000000', decided_seq = 13");
  sql('INSERT INTO requests SELECT * FROM copied');
};

/** A record that a later release could have written, about the request that this record decided. */
function appendNewer({ sql, record, sealFrom }: LedgerForger, decidedSeq: number): void {
  const { time } = record(63);
  const newer = { ...record(decidedSeq), kind: 'approval', id: '019c00ff-0000-7000-8000-000000000000', time };
  sql('INSERT INTO records (seq, line) VALUES (64, ?)', JSON.stringify(newer));
  sealFrom(64);
}

/** What the service answers from: the tables of requests, keys, counters and suppressed requests. */
export const FORGED_REQUESTS: LedgerFamily = {
  title: 'Requests, keys and counters',
  about:
    'The chain does not cover these tables. Verification holds them against the records, as far as the records prove them.',
  forgeries: [
    {
      forgery: 'An unknown outcome set to `accepted`',
      forge: set(17, "state = 'accepted'"),
      finds: always('broken: request_refuted 18 @ ledger seq 18'),
    },
    {
      forgery: 'An accepted request set back to `open`',
      forge: set(13, "state = 'open', outcome_seq = NULL, settled_by = NULL, settled_at = NULL"),
      finds: always('broken: request_refuted 14 @ ledger seq 14'),
    },
    {
      forgery: 'A denied request set to `accepted`',
      forge: set(7, "state = 'accepted'"),
      finds: always('broken: request_refuted 7 @ ledger seq 7'),
    },
    {
      forgery: 'A word that is no state',
      forge: set(13, "state = 'done'"),
      finds: always('broken: request_refuted 14 @ ledger seq 14'),
    },
    {
      forgery: 'A request given to another owner',
      forge: (forger) => {
        forger.sql("INSERT INTO owners SELECT 99, issuer, client_id, 'mallory' FROM owners LIMIT 1");
        set(13, 'owner = 99')(forger);
      },
      finds: always('broken: request_refuted 13 @ ledger seq 13'),
    },
    {
      forgery: 'All requests of an owner given to another one',
      forge: ({ sql }) =>
        sql("UPDATE owners SET subject = 'mallory' WHERE owner = (SELECT owner FROM requests WHERE decided_seq = 13)"),
      finds: always('broken: request_refuted 13 @ ledger seq 13'),
    },
    {
      forgery: 'A request given to an owner that does not exist',
      forge: set(13, 'owner = 99'),
      finds: always('broken: request_missing 13 @ ledger seq 13'),
    },
    {
      forgery: 'An open request hidden from the sweep by the head row, so that it never becomes unknown',
      forge: ({ sql }) => sql('UPDATE head SET open_after = seq'),
      finds: always('broken: request_refuted 63 @ ledger seq 63'),
    },
    {
      forgery: 'An open request hidden from the sweep in its record, so that it never becomes unknown',
      forge: ({ sql }) => sql('UPDATE records SET owner = owner + 1 WHERE seq = 63'),
      finds: always('broken: request_refuted 63 @ ledger seq 63'),
    },
    {
      forgery: 'A record set to decide another request, where retention looks',
      forge: ({ sql }) => sql('UPDATE records SET owner = NULL, request_id = NULL WHERE seq = 13'),
      finds: UNSEEN,
      because: 'Retention then reads all requests to find those that it drops.',
    },
    {
      forgery: 'The decision record of a request changed to another one',
      forge: set(13, 'decided_seq = 15'),
      finds: always('broken: request_refuted 13 @ ledger seq 13'),
    },
    {
      forgery: 'The outcome record of a request changed to another one',
      forge: set(13, 'outcome_seq = 16'),
      finds: always('broken: request_refuted 15 @ ledger seq 15'),
    },
    {
      forgery: 'The outcome record of a settled request set back to the one before',
      forge: set(8, "outcome_seq = 9, state = 'unknown', settled_by = 'exchange'"),
      finds: always('broken: request_refuted 27 @ ledger seq 27'),
    },
    {
      forgery: 'A request deleted',
      forge: ({ sql }) => sql('DELETE FROM requests WHERE decided_seq = 13'),
      finds: always('broken: request_missing 13 @ ledger seq 13'),
    },
    { forgery: 'A request inserted', forge: insertRequest, finds: always('broken: request_unrecorded - @ the ledger') },
    {
      forgery: 'A request deleted, and another one inserted',
      forge(forger) {
        insertRequest(forger);
        forger.sql('DELETE FROM requests WHERE decided_seq = 15');
      },
      finds: always('broken: request_missing 15 @ ledger seq 15'),
    },
    {
      forgery: 'Who settled a request changed',
      forge: set(17, "settled_by = 'sweep'"),
      finds: always('broken: request_refuted 18 @ ledger seq 18'),
    },
    {
      forgery: 'The time of a request changed',
      forge: set(13, 'admitted_at = admitted_at - 86400000'),
      finds: UNSEEN,
      because: NOT_RECORDED + ' The record has its own time.',
    },
    {
      forgery: 'The deadline of an open request moved, so that it never becomes unknown',
      forge: set(63, 'expires_at = 99999999999999'),
      finds: always('broken: request_refuted 63 @ ledger seq 63'),
    },
    {
      forgery: 'The body that is kept for an unknown request replaced, so that Galileo is asked about other people',
      forge: set(17, "body = replace(body, 'hal.webb', 'mallory')"),
      finds: always('broken: request_refuted 17 @ ledger seq 17'),
    },
    {
      forgery: 'A reconciliation put off for ever',
      forge: set(17, 'look_at = NULL'),
      finds: UNSEEN,
      because: NOT_RECORDED,
    },
    {
      forgery: 'The body that is kept for an unknown request deleted, so that Galileo cannot be asked',
      forge: set(17, 'body = NULL'),
      finds: UNSEEN,
      because: 'The request stays unknown, and a person settles it.',
    },
    {
      forgery: 'The debits of a request emptied, so that a refusal returns no quota',
      forge: set(17, "debits = '[]'"),
      finds: UNSEEN,
      because: NOT_RECORDED,
    },
    {
      forgery: 'A replay taken out of the list of a request’s records, so that its story leaves it out',
      forge: ({ sql }) => sql('DELETE FROM further_records WHERE is_replay = 1'),
      finds: always('broken: story_incomplete 10 @ ledger seq 10'),
    },
    {
      forgery: 'The time in which a request was unknown taken out of that list',
      forge: ({ sql }) => sql('DELETE FROM further_records WHERE is_replay = 0'),
      finds: always('broken: story_incomplete 9 @ ledger seq 9'),
    },
    {
      forgery: 'A record of another request put into that list',
      forge: ({ sql }) =>
        sql('INSERT INTO further_records SELECT request_id, 0, 20 FROM requests WHERE decided_seq = 13'),
      finds: UNSEEN,
      because: 'The story shows no record of another request, and says that one cannot be read.',
    },
    {
      forgery: 'The key taken off a request',
      forge: set(1, 'key_scope = NULL'),
      finds: always('broken: request_refuted 1 @ ledger seq 1'),
    },
    {
      forgery: 'A key given to a request that came without one',
      forge: set(13, "key_scope = 'ab'"),
      finds: always('broken: request_refuted 13 @ ledger seq 13'),
    },
    {
      forgery: 'The stored answer of a key replaced by one with another status',
      forge: setReply(5, `reply = '{"status":200,"contentType":"application/json","body":"{}","headers":{}}'`),
      finds: always('broken: key_refuted 6 @ ledger seq 6'),
    },
    {
      forgery: 'The body of a stored answer replaced',
      forge: setReply(
        1,
        `reply = '{"status":200,"contentType":"application/json","body":"{\\"invited\\":99}","headers":{}}'`,
      ),
      finds: UNSEEN,
      because: 'The records hold the status of the answer, not its body.',
    },
    {
      forgery: 'A stored answer that cannot be read',
      forge: setReply(1, "reply = 'none'"),
      finds: always('broken: key_refuted 1 @ ledger seq 1'),
    },
    {
      forgery: 'The stored answer of a key removed',
      forge: ({ sql }) => sql('DELETE FROM replies WHERE seq = 1'),
      finds: always('broken: key_refuted 1 @ ledger seq 1'),
    },
    {
      forgery: 'The fingerprint of a key changed, so that the same request is refused',
      forge: setKey(1, "fingerprint = 'ab'"),
      finds: UNSEEN,
      because: 'The records hold the hash of what was sent. A fingerprint is of what was asked.',
    },
    {
      forgery: 'A key bound to another request',
      forge: ({ sql }) =>
        sql(
          'UPDATE keys SET request_id = (SELECT request_id FROM requests WHERE decided_seq = 3) WHERE request_id = (SELECT request_id FROM requests WHERE decided_seq = 1)',
        ),
      finds: always('broken: key_unrecorded - @ the ledger'),
    },
    {
      forgery: 'A key moved to another scope, so that a repeat is sent again',
      forge: setKey(1, "scope = 'ab'"),
      finds: always('broken: key_unrecorded - @ the ledger'),
    },
    {
      forgery: 'A key and its request moved to another scope',
      forge(forger) {
        setKey(1, "scope = 'ab'")(forger);
        setReply(1, "scope = 'ab'")(forger);
        set(1, "key_scope = 'ab'")(forger);
      },
      finds: UNSEEN,
      because: 'The scope is a hash over the caller’s key, of which the records hold another hash.',
    },
    {
      forgery: 'A key made to point to the answer of another request',
      forge: setKey(1, 'seq = 5'),
      finds: always('broken: key_refuted 1 @ ledger seq 1'),
    },
    {
      forgery: 'A key made to end early, so that a repeat is sent again',
      forge: setReply(1, 'keep_until = 1'),
      finds: UNSEEN,
      because: NOT_RECORDED + ' It is a time of the ledger’s clock.',
    },
    {
      forgery: 'The key of an accepted request deleted',
      forge: ({ sql }) =>
        sql('DELETE FROM keys WHERE request_id = (SELECT request_id FROM requests WHERE decided_seq = 1)'),
      finds: UNSEEN,
      because: 'Keys are deleted after 8 days, and no record says when.',
    },
    {
      forgery: 'The key of an unknown request deleted, so that it can be sent again',
      forge: ({ sql }) =>
        sql('DELETE FROM keys WHERE request_id = (SELECT request_id FROM requests WHERE decided_seq = 17)'),
      finds: always('broken: key_refuted 17 @ ledger seq 17'),
    },
    {
      forgery: 'The key of an open request deleted, so that it can be sent again',
      forge: ({ sql }) =>
        sql('DELETE FROM keys WHERE request_id = (SELECT request_id FROM requests WHERE decided_seq = 63)'),
      finds: always('broken: key_refuted 63 @ ledger seq 63'),
    },
    {
      forgery: 'A key inserted for a request that does not exist',
      forge: ({ sql }) => sql("INSERT INTO keys VALUES ('ab', '019c00ff-0000-7000-8000-000000000000', 'cd', 1)"),
      finds: always('broken: key_unrecorded - @ the ledger'),
    },
    {
      forgery:
        'An unknown outcome set to `accepted`, and a record of an unknown kind appended that names another request',
      forge(forger) {
        set(17, "state = 'accepted'")(forger);
        appendNewer(forger, 13);
      },
      finds: always('broken: request_refuted 18 @ ledger seq 18'),
    },
    {
      forgery:
        'An unknown outcome set to `accepted`, and a record of an unknown kind appended that names the same request',
      forge(forger) {
        set(17, "state = 'accepted'")(forger);
        appendNewer(forger, 17);
      },
      finds: {
        alone: 'newer, not proven 1-64',
        kept: 'newer, not proven 25-64',
        key: 'newer, not proven 37-64',
        both: 'newer, not proven 37-64',
        copy: 'newer, not proven 37-64',
      },
      because: 'A later release may settle a request with such a record. `newer` is not `intact`.',
    },
    {
      forgery: 'A quota counter set to zero',
      forge: ({ sql }) => sql("UPDATE counters SET used = 0 WHERE quota = 'app-day'"),
      finds: UNSEEN,
      because: 'The records name the addresses, not the windows that they were counted in.',
    },
    {
      forgery: 'A quota counter deleted',
      forge: ({ sql }) => sql("DELETE FROM counters WHERE quota = 'app-day'"),
      finds: UNSEEN,
      because: 'As above.',
    },
    {
      forgery: 'The count of a minute’s suppressed refusals deleted before it was recorded',
      forge: ({ sql }) => sql('DELETE FROM suppressions WHERE window_end = (SELECT max(window_end) FROM suppressions)'),
      finds: UNSEEN,
      because: 'The count is no record yet. It becomes one within seconds of the minute’s end.',
    },
  ],
};
