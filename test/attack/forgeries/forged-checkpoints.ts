import { DatabaseSync } from 'node:sqlite';
import { canonicalJson } from '../../../src/lib/canonical-json.ts';
import { checkpointLine } from '../../../src/audit/checkpoint/checkpoint.ts';
import type { Checkpoint, CheckpointSigner } from '../../../src/audit/checkpoint/checkpoint.ts';
import { always, UNSEEN } from './forgery.ts';
import type { LedgerFamily } from './forgery.ts';
import type { LedgerForger } from './ledger-forger.ts';

const lineAt = ({ database }: Pick<LedgerForger, 'database'>, count: number): string =>
  String(database.prepare('SELECT line FROM checkpoints WHERE count = ?').get(count)?.['line']);
const put = (forger: LedgerForger, count: number, line: string): void =>
  forger.sql('UPDATE checkpoints SET line = ? WHERE count = ?', line, count);
const at = (forger: LedgerForger, count: number): Checkpoint => JSON.parse(lineAt(forger, count)) as Checkpoint;

function edit(forger: LedgerForger, count: number, changes: Partial<Checkpoint>): void {
  put(forger, count, canonicalJson({ ...at(forger, count), ...changes }));
}

/** Null: without a signature. */
async function resign(
  forger: LedgerForger,
  count: number,
  signer: CheckpointSigner | null,
  changes: Partial<Checkpoint> = {},
): Promise<void> {
  const { kind: _kind, signature: _signature, ...statement } = at(forger, count);
  put(forger, count, await checkpointLine({ ...statement, ...changes }, signer));
}

function otherDeploymentsCheckpoint({ honest }: LedgerForger, count: number): string {
  const database = new DatabaseSync(honest.other, { readOnly: true });
  try {
    return lineAt({ database }, count);
  } finally {
    database.close();
  }
}

/** The checkpoints of a ledger; the records stay as they were. */
export const FORGED_CHECKPOINTS: LedgerFamily = {
  title: 'Checkpoints of a ledger',
  about: 'The records stay as they were.',
  forgeries: [
    {
      forgery: 'The last checkpoint removed',
      forge: (forger) => forger.dropCheckpointsAfter(24),
      finds: {
        alone: 'intact, not proven 1-63',
        kept: 'intact, not proven 25-63',
        key: 'intact, not proven 25-63',
        both: 'intact, not proven 25-63',
        copy: 'intact, not proven 25-63',
      },
      because: 'The records are unchanged. Fewer of them are proven.',
    },
    {
      forgery: 'A checkpoint in the middle removed',
      forge: (forger) => forger.sql('DELETE FROM checkpoints WHERE count = 24'),
      finds: {
        alone: 'broken: checkpoint_gap 36 @ ledger checkpoint 36',
        kept: 'broken: checkpoint_missing 24 @ the trail',
        key: 'broken: checkpoint_gap 36 @ ledger checkpoint 36',
        both: 'broken: checkpoint_missing 24 @ the trail',
        copy: 'broken: checkpoint_missing 24 @ the trail',
      },
    },
    {
      forgery: 'The first checkpoint removed',
      forge: (forger) => forger.sql('DELETE FROM checkpoints WHERE count = 12'),
      finds: always('broken: checkpoint_gap 24 @ ledger checkpoint 24'),
    },
    {
      forgery: 'Every checkpoint removed',
      forge: (forger) => forger.dropCheckpointsAfter(0),
      finds: {
        alone: 'intact, not proven 1-63',
        kept: 'broken: checkpoint_missing 24 @ the trail',
        key: 'unproven, not proven 1-63',
        both: 'broken: checkpoint_missing 24 @ the trail',
        copy: 'broken: checkpoint_missing 24 @ the trail',
      },
    },
    {
      forgery: 'The hash in a checkpoint edited',
      forge: (forger) => edit(forger, 24, { head: 'ab'.repeat(32) }),
      finds: {
        alone: 'broken: rewritten 1-24 @ ledger checkpoint 24; checkpoint_gap 36 @ ledger checkpoint 36',
        kept: 'broken: checkpoint_conflicting 24 @ kept.ndjson:1; checkpoint_disagrees 24 @ ledger checkpoint 24; checkpoint_gap 36 @ ledger checkpoint 36',
        key: 'broken: signature_invalid 24 @ ledger checkpoint 24',
        both: 'broken: signature_invalid 24 @ ledger checkpoint 24',
        copy: 'broken: signature_invalid 24 @ ledger checkpoint 24',
      },
    },
    {
      forgery: 'The time in the last checkpoint edited, and its row made to fit',
      forge(forger) {
        edit(forger, 36, { time: '2026-01-01T00:00:00.000Z' });
        forger.sql('UPDATE checkpoints SET made_at = ? WHERE count = 36', Date.UTC(2026, 0, 1));
      },
      finds: {
        alone: 'intact, not proven 1-63',
        kept: 'intact, not proven 25-63',
        key: 'broken: signature_invalid 36 @ ledger checkpoint 36',
        both: 'broken: signature_invalid 36 @ ledger checkpoint 36',
        copy: 'broken: signature_invalid 36 @ ledger checkpoint 36',
      },
      because: 'Without the key, a checkpoint is only a statement. No record depends on its time.',
    },
    {
      forgery: 'The time in an earlier checkpoint edited, and its row made to fit',
      forge(forger) {
        edit(forger, 12, { time: '2026-01-01T00:00:00.000Z' });
        forger.sql('UPDATE checkpoints SET made_at = ? WHERE count = 12', Date.UTC(2026, 0, 1));
      },
      finds: {
        alone: 'broken: checkpoint_gap 24 @ ledger checkpoint 24',
        kept: 'broken: checkpoint_gap 24 @ ledger checkpoint 24',
        key: 'broken: signature_invalid 12 @ ledger checkpoint 12',
        both: 'broken: signature_invalid 12 @ ledger checkpoint 12',
        copy: 'broken: signature_invalid 12 @ ledger checkpoint 12',
      },
    },
    {
      forgery: 'The signature of the last checkpoint taken off',
      forge: (forger) => resign(forger, 36, null),
      finds: {
        alone: 'intact, not proven 1-63',
        kept: 'intact, not proven 25-63',
        key: 'broken: signature_missing 36 @ ledger checkpoint 36',
        both: 'broken: signature_missing 36 @ ledger checkpoint 36',
        copy: 'broken: signature_missing 36 @ ledger checkpoint 36',
      },
      because: 'Without the key, signatures are not checked.',
    },
    {
      forgery: 'The last checkpoint signed with the attacker’s key',
      forge: (forger) => resign(forger, 36, forger.honest.keys.attacker.signer),
      finds: {
        alone: 'intact, not proven 1-63',
        kept: 'intact, not proven 25-63',
        key: 'broken: signature_unknown_key 36 @ ledger checkpoint 36',
        both: 'broken: signature_unknown_key 36 @ ledger checkpoint 36',
        copy: 'broken: signature_unknown_key 36 @ ledger checkpoint 36',
      },
      because: 'Without the key, signatures are not checked.',
    },
    {
      forgery: 'The last checkpoint signed with the attacker’s key, under the name of the service’s key',
      async forge(forger) {
        const { keyId } = forger.honest.keys.service.signer;
        await resign(forger, 36, { ...forger.honest.keys.attacker.signer, keyId });
      },
      finds: {
        alone: 'intact, not proven 1-63',
        kept: 'intact, not proven 25-63',
        key: 'broken: signature_invalid 36 @ ledger checkpoint 36',
        both: 'broken: signature_invalid 36 @ ledger checkpoint 36',
        copy: 'broken: signature_invalid 36 @ ledger checkpoint 36',
      },
      because: 'Without the key, signatures are not checked.',
    },
    {
      forgery: 'The link of the last checkpoint to the one before changed, and signed with the service’s own key',
      forge: (forger) => resign(forger, 36, forger.honest.keys.service.signer, { previous: 'cd'.repeat(32) }),
      finds: always('broken: checkpoint_gap 36 @ ledger checkpoint 36'),
    },
    {
      forgery: 'Two checkpoints exchanged',
      forge(forger) {
        const [first, second] = [lineAt(forger, 12), lineAt(forger, 24)];
        put(forger, 12, second);
        put(forger, 24, first);
      },
      finds: always('broken: checkpoint_edited 12 @ ledger checkpoint 12; checkpoint_edited 24 @ ledger checkpoint 24'),
    },
    {
      forgery: 'A signed checkpoint of another deployment in the place of one',
      forge: (forger) => put(forger, 24, otherDeploymentsCheckpoint(forger, 24)),
      finds: {
        alone:
          'broken: rewritten 1-24 @ ledger checkpoint 24; checkpoint_gap 24 @ ledger checkpoint 24; checkpoint_gap 36 @ ledger checkpoint 36',
        kept: 'broken: checkpoint_conflicting 24 @ kept.ndjson:1; checkpoint_gap 24 @ ledger checkpoint 24; checkpoint_disagrees 24 @ ledger checkpoint 24; and 1 more',
        key: 'broken: checkpoint_gap 24 @ ledger checkpoint 24; checkpoint_disagrees 24 @ ledger checkpoint 24; checkpoint_gap 36 @ ledger checkpoint 36',
        both: 'broken: checkpoint_conflicting 24 @ kept.ndjson:1; checkpoint_gap 24 @ ledger checkpoint 24; checkpoint_disagrees 24 @ ledger checkpoint 24; and 1 more',
        copy: 'broken: checkpoint_conflicting 24 @ kept.ndjson:1; checkpoint_gap 24 @ ledger checkpoint 24; checkpoint_disagrees 24 @ ledger checkpoint 24; and 1 more',
      },
    },
    {
      forgery: 'A checkpoint inserted between two others',
      forge: (forger) => forger.checkpointAgain([30], null),
      finds: {
        alone: 'broken: checkpoint_gap 36 @ ledger checkpoint 36',
        kept: 'broken: checkpoint_gap 36 @ ledger checkpoint 36',
        key: 'broken: signature_missing 30 @ ledger checkpoint 30',
        both: 'broken: signature_missing 30 @ ledger checkpoint 30',
        copy: 'broken: signature_missing 30 @ ledger checkpoint 30',
      },
    },
    {
      forgery: 'A checkpoint inserted behind the end',
      forge: (forger) =>
        forger.sql('INSERT INTO checkpoints VALUES (90, 1441, 0, ?, 0)', lineAt(forger, 36).replace('36', '90')),
      finds: always('broken: checkpoint_edited 90 @ ledger checkpoint 90'),
    },
    {
      forgery: 'A checkpoint inserted before the first record, with the count 0',
      forge: (forger) => forger.sql('INSERT INTO checkpoints VALUES (0, 1, 0, ?, 0)', lineAt(forger, 12)),
      finds: always('broken: checkpoint_edited 0 @ ledger checkpoint 0'),
    },
    {
      forgery: 'A checkpoint moved in the outbox before what the sinks have, so that no sink receives it',
      forge: (forger) => forger.sql('UPDATE checkpoints SET position = 2 WHERE count = 36'),
      finds: always('broken: checkpoint_undeliverable 36 @ ledger checkpoint 36'),
    },
    {
      forgery: 'The row of a checkpoint made older than the checkpoint, so that the next one is made late',
      forge: (forger) => forger.sql('UPDATE checkpoints SET made_at = made_at + 86400000 WHERE count = 36'),
      finds: always('broken: checkpoint_edited 36 @ ledger checkpoint 36'),
    },
    {
      forgery: 'The time at which a checkpoint was stored set back, so that retention drops records early',
      forge: (forger) => forger.sql('UPDATE checkpoints SET stored_at = 0 WHERE count = 12'),
      finds: UNSEEN,
      because:
        'The time is of the ledger’s own clock, which no record holds. Records that retention then drops too early show as `beginning_missing`.',
    },
    {
      forgery: 'A later record’s text put in the place of a checkpoint',
      forge: (forger) => put(forger, 24, forger.line(24)),
      finds: always('broken: checkpoint_edited 24 @ ledger checkpoint 24'),
    },
  ],
};
