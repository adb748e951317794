import { checkpointLine } from '../../../src/audit/checkpoint/checkpoint.ts';
import { canonicalJson } from '../../../src/lib/canonical-json.ts';
import { always, UNSEEN } from './forgery.ts';
import type { LineFamily } from './forgery.ts';
import { inviteAnother } from './ledger-forger.ts';
import { change, leaveOutCheckpoints, parse, rewriteFrom, sealed, signAgain } from './line-forger.ts';

/** The records and checkpoints that a sink received, as lines. */
export const FORGED_LINES: LineFamily = {
  title: 'Delivered lines',
  about:
    'The lines that a sink received: 63 records and the checkpoints of records 12, 24 and 36. The other copy is the ledger.',
  forgeries: [
    { forgery: 'Nothing changed', forge: () => undefined, finds: UNSEEN },
    {
      forgery: 'A record edited',
      forge: (forger) => change(forger, 14, inviteAnother),
      finds: always('broken: edited 14 @ forged.ndjson:15'),
    },
    {
      forgery: 'A record edited, with its own hash computed again',
      forge: (forger) => change(forger, 14, (record) => sealed(inviteAnother(record))),
      finds: {
        alone: 'broken: broken_link 15 @ forged.ndjson:16',
        kept: 'broken: broken_link 15 @ forged.ndjson:16',
        key: 'broken: broken_link 15 @ forged.ndjson:16',
        both: 'broken: broken_link 15 @ forged.ndjson:16',
        copy: 'broken: differs 14 @ ledger seq 14; broken_link 15 @ forged.ndjson:16',
      },
    },
    {
      forgery: 'A record edited, with every hash behind it computed again',
      forge: (forger) => rewriteFrom(forger, 14),
      finds: {
        alone: 'broken: rewritten 1-24 @ forged.ndjson:26',
        kept: 'broken: rewritten 1-24 @ forged.ndjson:26',
        key: 'broken: rewritten 13-24 @ forged.ndjson:26',
        both: 'broken: rewritten 13-24 @ forged.ndjson:26',
        copy: 'broken: differs 14-63 @ ledger seq 14; rewritten 37-63 @ the delivered lines; rewritten 13-24 @ forged.ndjson:26',
      },
    },
    {
      forgery: 'The same, and the checkpoints behind it left out',
      forge(forger) {
        rewriteFrom(forger, 14);
        leaveOutCheckpoints(forger, 24, 36);
      },
      finds: {
        alone: 'intact, not proven 1-63',
        kept: 'broken: rewritten 1-24 @ kept.ndjson:1',
        key: 'intact, not proven 13-63',
        both: 'broken: rewritten 13-24 @ kept.ndjson:1',
        copy: 'broken: differs 14-63 @ ledger seq 14; rewritten 37-63 @ the delivered lines; rewritten 13-24 @ kept.ndjson:1',
      },
    },
    {
      forgery: 'The same, and those checkpoints signed with the attacker’s key',
      async forge(forger) {
        rewriteFrom(forger, 14);
        await signAgain(forger, forger.honest.keys.attacker);
      },
      finds: {
        alone: 'intact, not proven 1-63',
        kept: 'broken: rewritten 1-24 @ kept.ndjson:1; checkpoint_conflicting 24 @ kept.ndjson:1',
        key: 'broken: signature_unknown_key 24-36 @ forged.ndjson:26',
        both: 'broken: rewritten 13-24 @ kept.ndjson:1; signature_unknown_key 24-36 @ forged.ndjson:26',
        copy: 'broken: differs 14-63 @ ledger seq 14; rewritten 37-63 @ the delivered lines; rewritten 13-24 @ kept.ndjson:1; and 1 more',
      },
    },
    {
      forgery: 'The same, signed with the service’s own key',
      async forge(forger) {
        rewriteFrom(forger, 14);
        await signAgain(forger, forger.honest.keys.service);
      },
      finds: {
        alone: 'intact, not proven 1-63',
        kept: 'broken: rewritten 1-24 @ kept.ndjson:1; checkpoint_conflicting 24 @ kept.ndjson:1',
        key: 'intact, not proven 37-63',
        both: 'broken: rewritten 1-24 @ kept.ndjson:1; checkpoint_conflicting 24 @ kept.ndjson:1',
        copy: 'broken: differs 14-63 @ ledger seq 14; rewritten 37-63 @ the delivered lines; rewritten 1-24 @ kept.ndjson:1; and 1 more',
      },
      because: 'Who controls the machine has the signing key.',
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
      because: 'No evidence but the ledger reaches behind the last checkpoint.',
    },
    {
      forgery: 'A record left out',
      forge: ({ lines, at }) => void lines.splice(at(14), 1),
      finds: always('broken: missing 14 @ forged.ndjson:15'),
    },
    {
      forgery: 'The records behind the last checkpoint left out',
      forge: ({ lines, at }) => void lines.splice(at(50)),
      finds: {
        alone: 'intact, not proven 1-49',
        kept: 'intact, not proven 25-49',
        key: 'intact, not proven 37-49',
        both: 'intact, not proven 37-49',
        copy: 'intact, not proven 37-49',
      },
      because: 'Lines may end anywhere: delivery goes on.',
    },
    {
      forgery: 'The records behind the kept checkpoint left out',
      forge: ({ lines, at }) => void lines.splice(at(30)),
      finds: {
        alone: 'intact, not proven 1-29',
        kept: 'intact, not proven 25-29',
        key: 'intact, not proven 25-29',
        both: 'intact, not proven 25-29',
        copy: 'intact, not proven 25-29',
      },
      because: 'The kept checkpoint is older than the cut.',
    },
    {
      forgery: 'The records before the kept checkpoint left out, to the end',
      forge: ({ lines, at }) => void lines.splice(at(20)),
      finds: {
        alone: 'intact, not proven 1-19',
        kept: 'broken: truncated 20-24 @ forged.ndjson:20',
        key: 'intact, not proven 13-19',
        both: 'broken: truncated 20-24 @ forged.ndjson:20',
        copy: 'intact, not proven 13-19',
      },
      because: 'Beside the ledger, lines may be a part of its trail.',
    },
    {
      forgery: 'The beginning left out',
      forge: ({ lines, at }) => void lines.splice(0, at(9)),
      finds: {
        alone: 'intact, not proven 9-63',
        kept: 'intact, not proven 25-63',
        key: 'intact, not proven 37-63',
        both: 'intact, not proven 37-63',
        copy: 'intact, not proven 37-63',
      },
      because:
        'Lines may begin anywhere, as those of one month do. The answer says that records 1 to 8 are not there; with `--whole` that is a fault.',
    },
    {
      forgery: 'A checkpoint left out',
      forge: (forger) => leaveOutCheckpoints(forger, 24),
      finds: always('broken: checkpoint_gap 36 @ forged.ndjson:38'),
    },
    {
      forgery: 'Every checkpoint left out',
      forge: (forger) => leaveOutCheckpoints(forger, 12, 24, 36),
      finds: {
        alone: 'intact, not proven 1-63',
        kept: 'intact, not proven 25-63',
        key: 'unproven, not proven 1-63',
        both: 'intact, not proven 25-63',
        copy: 'intact, not proven 25-63',
      },
      because: 'The kept checkpoint proves the records that it covers.',
    },
    {
      forgery: 'A checkpoint edited',
      forge({ lines, atCheckpoint }) {
        const index = atCheckpoint(24);
        lines[index] = canonicalJson({ ...parse(lines[index]), head: 'ab'.repeat(32) });
      },
      finds: {
        alone: 'broken: rewritten 1-24 @ forged.ndjson:26; checkpoint_gap 36 @ forged.ndjson:39',
        kept: 'broken: checkpoint_conflicting 24 @ kept.ndjson:1; checkpoint_disagrees 24 @ forged.ndjson:26; checkpoint_gap 36 @ forged.ndjson:39',
        key: 'broken: signature_invalid 24 @ forged.ndjson:26',
        both: 'broken: signature_invalid 24 @ forged.ndjson:26',
        copy: 'broken: signature_invalid 24 @ forged.ndjson:26',
      },
    },
    {
      forgery: 'A checkpoint of the attacker’s more',
      async forge({ lines, at, honest }) {
        const { id, time } = parse(lines[at(30)]);
        const statement = { id: String(id), time: String(time), count: 30, head: 'ab'.repeat(32), previous: null };
        lines.splice(at(31), 0, await checkpointLine(statement, honest.keys.attacker.signer));
      },
      finds: {
        alone:
          'broken: rewritten 1-30 @ forged.ndjson:33; checkpoint_gap 30 @ forged.ndjson:33; checkpoint_gap 36 @ forged.ndjson:40',
        kept: 'broken: rewritten 25-30 @ forged.ndjson:33; checkpoint_gap 30 @ forged.ndjson:33; checkpoint_gap 36 @ forged.ndjson:40',
        key: 'broken: signature_unknown_key 30 @ forged.ndjson:33',
        both: 'broken: signature_unknown_key 30 @ forged.ndjson:33',
        copy: 'broken: signature_unknown_key 30 @ forged.ndjson:33',
      },
    },
    {
      forgery: 'A checkpoint moved before the record that it covers',
      forge({ lines, at, atCheckpoint }) {
        const [line = ''] = lines.splice(atCheckpoint(24), 1);
        lines.splice(at(20), 0, line);
      },
      finds: always('broken: checkpoint_misplaced 24 @ forged.ndjson:21'),
    },
    {
      forgery: 'Two records exchanged',
      forge({ lines, at }) {
        const [one, other] = [at(14), at(19)];
        const [first = '', second = ''] = [lines[one], lines[other]];
        lines[one] = second;
        lines[other] = first;
      },
      finds: always('broken: misplaced 14 @ forged.ndjson:20; misplaced 19 @ forged.ndjson:15'),
    },
    {
      forgery: 'The lines in reverse order',
      forge: ({ lines }) => void lines.splice(0, lines.length, ...lines.toReversed()),
      finds: always('broken: misplaced 2-63 @ forged.ndjson:1'),
    },
    {
      forgery: 'A batch repeated',
      forge: ({ lines, at }) => void lines.splice(at(21), 0, ...lines.slice(at(13), at(21))),
      finds: UNSEEN,
      because: 'Delivery is at least once, so an exact repeat is no fault.',
    },
    {
      forgery: 'A forged version of a record behind the honest one',
      forge: ({ lines, at }) =>
        void lines.splice(at(15), 0, canonicalJson(sealed(inviteAnother(parse(lines[at(14)]))))),
      finds: always('broken: conflicting 14 @ forged.ndjson:16'),
    },
    {
      forgery: 'An attacker’s own chain with the same numbers behind the honest one',
      forge(forger) {
        const honest = [...forger.lines];
        rewriteFrom(forger, 1);
        leaveOutCheckpoints(forger, 12, 24, 36);
        forger.lines.unshift(...honest);
      },
      finds: always('broken: conflicting 1-63 @ forged.ndjson:67'),
    },
    {
      forgery: 'The lines of another deployment between',
      forge: ({ lines, honest }) => void lines.push(...honest.otherLines),
      finds: always(
        'broken: conflicting 1-63 @ forged.ndjson:67; checkpoint_conflicting 12 @ forged.ndjson:79; checkpoint_conflicting 24 @ forged.ndjson:92; and 1 more',
      ),
    },
    {
      forgery: 'The lines of another deployment in their place',
      forge: ({ lines, honest }) => void lines.splice(0, lines.length, ...honest.otherLines),
      finds: {
        alone: 'intact, not proven 1-63',
        kept: 'broken: rewritten 1-24 @ kept.ndjson:1; checkpoint_conflicting 24 @ kept.ndjson:1',
        key: 'intact, not proven 37-63',
        both: 'broken: rewritten 1-24 @ kept.ndjson:1; checkpoint_conflicting 24 @ kept.ndjson:1',
        copy: 'broken: differs 1-63 @ ledger seq 1; rewritten 37-63 @ the delivered lines; rewritten 1-24 @ kept.ndjson:1; and 1 more',
      },
      because: 'They are an honest trail, and the same key signed it. A deployment needs a key of its own.',
    },
  ],
};
