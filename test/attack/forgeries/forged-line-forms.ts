import { gzipSync } from 'node:zlib';
import { ocsfLine } from '../../../src/audit/format/ocsf-event.ts';
import { canonicalJson } from '../../../src/lib/canonical-json.ts';
import { always, UNSEEN } from './forgery.ts';
import type { LineFamily } from './forgery.ts';
import { inviteAnother } from './ledger-forger.ts';
import type { Json } from './ledger-forger.ts';
import { change, leaveOutCheckpoints, parse, sealed, sealFrom, text } from './line-forger.ts';
import type { LineForger } from './line-forger.ts';

const onStdout = (line: string): Json => {
  const record = parse(line);
  const kind = record['kind'] === 'checkpoint' ? 'checkpoint' : 'record';
  return { level: 'info', time: 'x', channel: 'audit', [kind]: record, event: `audit_${kind}` };
};

const itemOf = (line: string) => ({
  position: 0,
  kind: parse(line)['kind'] === 'checkpoint' ? ('checkpoint' as const) : ('record' as const),
  line,
});

/** All lines as OCSF events, one of them changed. */
function asEvents({ lines, at }: LineForger, seq: number, by: (event: Json) => Json): void {
  const forged = at(seq);
  lines.forEach((line, index) => {
    const event = ocsfLine(itemOf(line));
    lines[index] = index === forged ? JSON.stringify(by(parse(event))) : event;
  });
}

/** A line as Splunk exports it, with more members beside it than it has. */
function beside({ lines }: LineForger, index: number, members: Json): void {
  lines[index] = JSON.stringify({ ...members, _raw: lines[index] });
}

/** Some members of a record that is not on its own line. */
function some(record: Json, ...names: readonly string[]): Json {
  return Object.fromEntries(names.map((name) => [name, record[name]]));
}

/** How lines are written: the record may be the same, and the text around it not. */
export const FORGED_LINE_FORMS: LineFamily = {
  title: 'How delivered lines are written',
  about: 'One line has one meaning: a record cannot be hidden around, beside or behind another one.',
  forgeries: [
    {
      forgery: 'A space added to the text of a record',
      forge({ lines, at }) {
        lines[at(14)] = (lines[at(14)] ?? '').replace('{', '{ ');
      },
      finds: always('broken: edited 14 @ forged.ndjson:15'),
    },
    {
      forgery: 'A letter written as an escape',
      forge({ lines, at }) {
        lines[at(14)] = (lines[at(14)] ?? '').replace('"kind"', String.raw`"\u006bind"`);
      },
      finds: always('broken: edited 14 @ forged.ndjson:15'),
    },
    {
      forgery: 'A member given twice in a record, with the forged value first',
      forge({ lines, at }) {
        lines[at(14)] = (lines[at(14)] ?? '').replace('{', '{"kind":"denial",');
      },
      finds: always('broken: edited 14 @ forged.ndjson:15'),
    },
    {
      forgery: 'A stdout line with a second record in another member',
      forge({ lines, at }) {
        const forged = {
          ...onStdout(lines[at(14)] ?? ''),
          message: canonicalJson(sealed(inviteAnother(parse(lines[at(14)])))),
        };
        lines[at(14)] = JSON.stringify(forged);
      },
      finds: always('broken: unreadable 14 @ forged.ndjson:15'),
    },
    {
      forgery: 'A stdout line with the member `record` given twice',
      forge({ lines, at }) {
        const honest = JSON.stringify(onStdout(lines[at(14)] ?? ''));
        lines[at(14)] = honest.replace(
          '"record":',
          `"record":${canonicalJson(sealed(inviteAnother(parse(lines[at(14)]))))},"record":`,
        );
      },
      finds: always('broken: unreadable 14 @ forged.ndjson:15'),
    },
    {
      forgery: 'A record that is hidden in an operational line',
      forge({ lines, at }) {
        lines[at(14)] = JSON.stringify({
          level: 'info',
          channel: 'ops',
          event: 'request',
          record: parse(lines[at(14)]),
        });
      },
      finds: UNSEEN,
      because: 'The record is read wherever a line carries it, and is unchanged.',
    },
    {
      forgery: 'An edited record around a checkpoint, without the members that both have',
      forge(forger) {
        const { kind: _kind, time: _time, id: _id, ...edited } = inviteAnother(parse(forger.lines[forger.at(24)]));
        beside(forger, forger.atCheckpoint(24), edited);
        forger.lines.splice(forger.at(24), 1);
      },
      finds: always('broken: edited 24 @ forged.ndjson:25; checkpoint_gap 36 @ forged.ndjson:38'),
    },
    {
      forgery: 'Members of another checkpoint beside a record, as a log store copies them out of a line',
      forge: (forger) => beside(forger, forger.at(14), { count: 24, head: 'ff'.repeat(32), previous: 'ee'.repeat(32) }),
      finds: always('broken: missing 14 @ forged.ndjson:16; checkpoint_edited 24 @ forged.ndjson:15'),
    },
    {
      forgery: 'A stdout line with an edited record without its hashes, and the honest one beside it',
      forge(forger) {
        const { prev: _prev, hash: _hash, ...edited } = inviteAnother(parse(forger.lines[forger.at(14)]));
        beside(forger, forger.at(14), { channel: 'audit', record: edited });
      },
      finds: always('broken: unreadable 14 @ forged.ndjson:15'),
    },
    {
      forgery: 'A stdout line with an edited checkpoint, and an honest record beside it',
      forge: (forger) =>
        beside(forger, forger.at(14), {
          channel: 'audit',
          checkpoint: { count: 24, head: 'ff'.repeat(32), previous: 'x' },
        }),
      finds: always('broken: unreadable 14 @ forged.ndjson:15'),
    },
    {
      forgery: 'Members of a record beside it, and one that this record has not',
      forge(forger) {
        const record = parse(forger.lines[forger.at(14)]);
        const copied = some(record, 'seq', 'prev', 'hash', 'kind');
        beside(forger, forger.at(14), { ...copied, suppressed: { counts: [] } });
      },
      finds: always('broken: edited 14 @ forged.ndjson:15'),
    },
    {
      forgery: 'Members of a record beside it, and another service that wrote it',
      forge(forger) {
        const copied = some(parse(forger.lines[forger.at(14)]), 'seq', 'prev', 'hash');
        beside(forger, forger.at(14), { ...copied, service: { version: '9.9.9' }, source: 'x' });
      },
      finds: always('broken: edited 14 @ forged.ndjson:15'),
    },
    {
      forgery: 'Members of a record copied beside it, as log stores do for their searches',
      forge(forger) {
        const copied = some(parse(forger.lines[forger.at(14)]), 'seq', 'prev', 'hash', 'kind', 'outcome');
        beside(forger, forger.at(14), copied);
      },
      finds: UNSEEN,
      because: 'Each of them says what the line says. The record is unchanged.',
    },
    {
      forgery: 'Two records on one line',
      forge({ lines, at }) {
        const [second = ''] = lines.splice(at(15), 1);
        lines[at(14)] += second;
      },
      finds: always('broken: unreadable 14 @ forged.ndjson:15; missing 15 @ forged.ndjson:16'),
    },
    {
      forgery: 'The searchable part of an OCSF event changed',
      forge: (forger) => asEvents(forger, 14, (event) => ({ ...event, status: 'Failure', status_id: 2 })),
      finds: always('broken: disguised 14 @ forged.ndjson:15'),
    },
    {
      forgery: 'The record in an OCSF event replaced by another one of the trail',
      forge: (forger) => {
        const other = forger.lines[forger.at(16)];
        asEvents(forger, 14, (event) => ({ ...event, raw_data: other }));
      },
      finds: always('broken: disguised 14 @ forged.ndjson:15'),
    },
    {
      forgery: 'The record taken out of an OCSF event',
      forge: (forger) => asEvents(forger, 14, ({ raw_data: _rawData, ...event }) => event),
      finds: always('broken: missing 14 @ forged.ndjson:16'),
    },
    {
      forgery: 'A record written as CSV',
      forge({ lines, at }) {
        lines[at(14)] = `2026-03-02,"${(lines[at(14)] ?? '').replaceAll('"', '""')}"`;
      },
      finds: always('broken: missing 14 @ forged.ndjson:16'),
    },
    {
      forgery: 'A record written in base64',
      forge({ lines, at }) {
        lines[at(14)] = Buffer.from(lines[at(14)] ?? '').toString('base64');
      },
      finds: always('broken: missing 14 @ forged.ndjson:16'),
    },
    {
      forgery: 'A record cut off, as a full disk does, and not written again',
      forge({ lines, at }) {
        lines[at(14)] = (lines[at(14)] ?? '').slice(0, 200);
      },
      finds: always('broken: missing 14 @ forged.ndjson:16'),
    },
    {
      forgery: 'All lines in UTF-16',
      forge: (forger) =>
        void (forger.bytes = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text(forger.lines), 'utf16le')])),
      finds: UNSEEN,
      because: 'Windows tools write it. The text is the same.',
    },
    {
      forgery: 'Bytes that are not UTF-8 in a record',
      forge: (forger) => {
        const bytes = Buffer.from(text(forger.lines));
        bytes[bytes.indexOf('fay.moss')] = 0xff;
        forger.bytes = bytes;
      },
      finds: always('broken: unreadable 13 @ forged.ndjson:14'),
    },
    {
      forgery: 'A zero byte in a record',
      forge({ lines, at }) {
        lines[at(14)] = (lines[at(14)] ?? '').replace('"kind"', '"\0kind"');
      },
      finds: always('broken: unreadable 14 @ forged.ndjson:15'),
    },
    {
      forgery: 'A gzip file with a second member that holds a forged record',
      forge: (forger) =>
        void (forger.bytes = Buffer.concat([
          gzipSync(text(forger.lines)),
          gzipSync(text([canonicalJson(sealed(inviteAnother(parse(forger.lines[forger.at(14)]))))])),
        ])),
      finds: always('broken: conflicting 14 @ forged.ndjson:67'),
    },
    {
      forgery: 'A gzip file with other bytes behind it',
      forge: (forger) =>
        void (forger.bytes = Buffer.concat([
          gzipSync(text(forger.lines)),
          Buffer.from(text([canonicalJson(sealed(inviteAnother(parse(forger.lines[forger.at(14)]))))])),
        ])),
      finds: always('refused: forged.ndjson cannot be read to its end'),
    },
    {
      forgery: 'A gzip file that is cut off',
      forge: (forger) => void (forger.bytes = gzipSync(text(forger.lines)).subarray(0, -200)),
      finds: always('refused: forged.ndjson cannot be read to its end'),
    },
    {
      forgery: 'A record with a new member, with every hash behind it computed again and no checkpoint left',
      forge(forger) {
        change(forger, 14, (record) => ({ ...record, approved_by: 'ann' }));
        sealFrom(forger, 14);
        leaveOutCheckpoints(forger, 12, 24, 36);
      },
      finds: {
        alone: 'newer, not proven 1-63',
        kept: 'broken: rewritten 1-24 @ kept.ndjson:1',
        key: 'unproven, not proven 1-63',
        both: 'broken: rewritten 1-24 @ kept.ndjson:1',
        copy: 'broken: differs 14-63 @ ledger seq 14; rewritten 37-63 @ the delivered lines; rewritten 1-24 @ kept.ndjson:1',
      },
      because: 'A later release may write such a member. `newer` is not `intact`.',
    },
    {
      forgery: 'Two files given in the wrong order of time',
      forge: ({ lines, at }) => void lines.unshift(...lines.splice(at(37))),
      finds: always('broken: misplaced 1-36 @ forged.ndjson:28'),
      because: 'In one file this is a fault. Of several files, verification finds the order.',
    },
    {
      forgery: 'A file without a record',
      forge: ({ lines }) =>
        void lines.splice(0, lines.length, JSON.stringify({ level: 'info', channel: 'ops', event: 'request' })),
      finds: {
        alone: 'broken: empty - @ delivered lines',
        kept: 'broken: truncated 1-24 @ the beginning; empty - @ delivered lines',
        key: 'broken: empty - @ delivered lines',
        both: 'broken: truncated 1-24 @ the beginning; empty - @ delivered lines',
        copy: 'broken: empty - @ delivered lines',
      },
    },
  ],
};
