import { always, UNSEEN } from './forgery.ts';
import type { LedgerFamily } from './forgery.ts';
import { CHECKPOINTS_AT } from './honest-trail.ts';
import { inviteAnother } from './ledger-forger.ts';
import type { LedgerForger } from './ledger-forger.ts';

const WITH_THE_KEY =
  'Who controls the machine has the signing key. Only what was kept or delivered elsewhere shows it.';
const BEHIND_ALL = 'No evidence but the delivered lines reaches behind the last checkpoint.';

function rewriteFrom(forger: LedgerForger, seq: number): void {
  forger.edit(seq);
  forger.sealFrom(seq);
}

function swap(forger: LedgerForger, one: number, other: number): void {
  const [first, second] = [forger.line(one), forger.line(other)];
  forger.write(one, second);
  forger.write(other, first);
}

/** The records of a ledger. */
export const FORGED_RECORDS: LedgerFamily = {
  title: 'Records of a ledger',
  about:
    'The ledger has 63 records and signed checkpoints of records 12, 24 and 36. The kept checkpoint is the one of record 24. ' +
    'The other copy is the file of lines that a sink received.',
  forgeries: [
    { forgery: 'Nothing changed', forge: () => undefined, finds: UNSEEN },
    {
      forgery: 'A record edited',
      forge: (forger) => forger.edit(14),
      finds: always('broken: edited 14 @ ledger seq 14'),
    },
    {
      forgery: 'A record edited, with its own hash computed again',
      forge(forger) {
        forger.edit(14);
        forger.seal(14);
      },
      finds: {
        alone: 'broken: broken_link 15 @ ledger seq 15',
        kept: 'broken: broken_link 15 @ ledger seq 15',
        key: 'broken: broken_link 15 @ ledger seq 15',
        both: 'broken: broken_link 15 @ ledger seq 15',
        copy: 'broken: differs 14 @ ledger seq 14; broken_link 15 @ ledger seq 15',
      },
    },
    {
      forgery: 'A record edited, with every hash behind it computed again',
      forge: (forger) => rewriteFrom(forger, 14),
      finds: {
        alone: 'broken: rewritten 1-24 @ ledger checkpoint 24',
        kept: 'broken: rewritten 1-24 @ ledger checkpoint 24',
        key: 'broken: rewritten 13-24 @ ledger checkpoint 24',
        both: 'broken: rewritten 13-24 @ ledger checkpoint 24',
        copy: 'broken: rewritten 13-24 @ ledger checkpoint 24; differs 14-63 @ ledger seq 14',
      },
    },
    {
      forgery: 'The same, and the checkpoints behind it removed',
      forge(forger) {
        rewriteFrom(forger, 14);
        forger.dropCheckpointsAfter(14);
      },
      finds: {
        alone: 'intact, not proven 1-63',
        kept: 'broken: rewritten 1-24 @ kept.ndjson:1',
        key: 'intact, not proven 13-63',
        both: 'broken: rewritten 13-24 @ kept.ndjson:1',
        copy: 'broken: rewritten 13-24 @ kept.ndjson:1; differs 14-63 @ ledger seq 14',
      },
      because: 'A longer end without a signed checkpoint is all that the file shows.',
    },
    {
      forgery: 'The same, and those checkpoints made again without a signature',
      async forge(forger) {
        rewriteFrom(forger, 14);
        await forger.checkpointAgain([24, 36], null);
      },
      finds: {
        alone: 'intact, not proven 1-63',
        kept: 'broken: rewritten 1-24 @ kept.ndjson:1; checkpoint_conflicting 24 @ kept.ndjson:1',
        key: 'broken: signature_missing 24-36 @ ledger checkpoint 24',
        both: 'broken: rewritten 13-24 @ kept.ndjson:1; signature_missing 24-36 @ ledger checkpoint 24',
        copy: 'broken: rewritten 13-24 @ kept.ndjson:1; differs 14-24 @ ledger seq 14; signature_missing 24 @ ledger checkpoint 24; and 3 more',
      },
    },
    {
      forgery: 'The same, signed with the attacker’s key',
      async forge(forger) {
        rewriteFrom(forger, 14);
        await forger.checkpointAgain([24, 36], forger.honest.keys.attacker.signer);
      },
      finds: {
        alone: 'intact, not proven 1-63',
        kept: 'broken: rewritten 1-24 @ kept.ndjson:1; checkpoint_conflicting 24 @ kept.ndjson:1',
        key: 'broken: signature_unknown_key 24-36 @ ledger checkpoint 24',
        both: 'broken: rewritten 13-24 @ kept.ndjson:1; signature_unknown_key 24-36 @ ledger checkpoint 24',
        copy: 'broken: rewritten 13-24 @ kept.ndjson:1; differs 14-24 @ ledger seq 14; signature_unknown_key 24 @ ledger checkpoint 24; and 3 more',
      },
    },
    {
      forgery: 'The same, signed with the service’s own key',
      async forge(forger) {
        rewriteFrom(forger, 14);
        await forger.checkpointAgain([24, 36], forger.honest.keys.service.signer);
      },
      finds: {
        alone: 'intact, not proven 1-63',
        kept: 'broken: rewritten 1-24 @ kept.ndjson:1; checkpoint_conflicting 24 @ kept.ndjson:1',
        key: 'intact, not proven 37-63',
        both: 'broken: rewritten 1-24 @ kept.ndjson:1; checkpoint_conflicting 24 @ kept.ndjson:1',
        copy: 'broken: rewritten 1-24 @ kept.ndjson:1; differs 14-63 @ ledger seq 14; checkpoint_conflicting 24 @ kept.ndjson:1',
      },
      because: WITH_THE_KEY,
    },
    {
      forgery:
        'A record behind the kept checkpoint edited, every hash behind it computed again, and the last checkpoint removed',
      forge(forger) {
        rewriteFrom(forger, 30);
        forger.dropCheckpointsAfter(30);
      },
      finds: {
        alone: 'intact, not proven 1-63',
        kept: 'intact, not proven 25-63',
        key: 'intact, not proven 25-63',
        both: 'intact, not proven 25-63',
        copy: 'broken: rewritten 25-63 @ the delivered lines; differs 30-63 @ ledger seq 30',
      },
      because: 'Records 25 to 36 are not proven any more; only the delivered lines show that they changed.',
    },
    {
      forgery: 'A record behind the last checkpoint edited, with every hash behind it computed again',
      forge: (forger) => rewriteFrom(forger, 50),
      finds: {
        alone: 'intact, not proven 1-63',
        kept: 'intact, not proven 25-63',
        key: 'intact, not proven 37-63',
        both: 'intact, not proven 37-63',
        copy: 'broken: rewritten 37-63 @ the delivered lines; differs 50-63 @ ledger seq 50',
      },
      because: BEHIND_ALL,
    },
    {
      forgery: 'Every record rewritten, and the checkpoints removed',
      forge(forger) {
        for (let seq = 1; seq <= 63; seq += 1)
          forger.edit(seq, (record) => ({ ...record, source: { address: '198.51.100.9' } }));
        forger.sealFrom(1);
        forger.dropCheckpointsAfter(0);
      },
      finds: {
        alone: 'intact, not proven 1-63',
        kept: 'broken: rewritten 1-24 @ kept.ndjson:1',
        key: 'unproven, not proven 1-63',
        both: 'broken: rewritten 1-24 @ kept.ndjson:1',
        copy: 'broken: differs 1-63 @ ledger seq 1; rewritten 1-24 @ kept.ndjson:1',
      },
    },
    {
      forgery: 'Every record rewritten, and the checkpoints made again with the service’s own key',
      async forge(forger) {
        for (let seq = 1; seq <= 63; seq += 1)
          forger.edit(seq, (record) => ({ ...record, source: { address: '198.51.100.9' } }));
        forger.sealFrom(1);
        forger.dropCheckpointsAfter(0);
        await forger.checkpointAgain(CHECKPOINTS_AT, forger.honest.keys.service.signer);
      },
      finds: {
        alone: 'intact, not proven 1-63',
        kept: 'broken: rewritten 1-24 @ kept.ndjson:1; checkpoint_conflicting 24 @ kept.ndjson:1',
        key: 'intact, not proven 37-63',
        both: 'broken: rewritten 1-24 @ kept.ndjson:1; checkpoint_conflicting 24 @ kept.ndjson:1',
        copy: 'broken: differs 1-63 @ ledger seq 1; rewritten 1-24 @ kept.ndjson:1; checkpoint_conflicting 24 @ kept.ndjson:1',
      },
      because: WITH_THE_KEY,
    },
    {
      forgery: 'Two records exchanged',
      forge: (forger) => swap(forger, 14, 19),
      finds: always('broken: misplaced 14 @ ledger seq 19; misplaced 19 @ ledger seq 14'),
    },
    {
      forgery: 'A space added to the text of a record',
      forge: (forger) => forger.write(14, forger.line(14).replace('{', '{ ')),
      finds: always('broken: edited 14 @ ledger seq 14'),
    },
    {
      forgery: 'A member given twice in a record, with the forged value first',
      forge: (forger) => forger.write(14, forger.line(14).replace('{', '{"kind":"denial",')),
      finds: always('broken: edited 14 @ ledger seq 14'),
    },
    {
      forgery: 'A zero byte behind the text of a record',
      forge: (forger) => forger.sql("UPDATE records SET line = line || char(0) || 'x' WHERE seq = 14"),
      finds: always('broken: unreadable 14 @ ledger seq 14'),
    },
    {
      forgery: 'Another record, edited, in the place of one, with every hash behind it computed again',
      forge(forger) {
        forger.write(14, inviteAnother(forger.record(13)));
        forger.sealFrom(14);
      },
      finds: {
        alone: 'broken: rewritten 1-24 @ ledger checkpoint 24; request_refuted 13-14 @ ledger seq 13',
        kept: 'broken: rewritten 1-24 @ ledger checkpoint 24; request_refuted 13-14 @ ledger seq 13',
        key: 'broken: rewritten 13-24 @ ledger checkpoint 24; request_refuted 13-14 @ ledger seq 13',
        both: 'broken: rewritten 13-24 @ ledger checkpoint 24; request_refuted 13-14 @ ledger seq 13',
        copy: 'broken: rewritten 13-24 @ ledger checkpoint 24; request_refuted 13-14 @ ledger seq 13; differs 14-63 @ ledger seq 14',
      },
    },
  ],
};
