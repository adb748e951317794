import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chainRecord, GENESIS_HASH, verifyChain } from '../../../../src/audit/chain.ts';
import { readDeliveredLine } from '../../../../src/audit/line-forms/delivered-line.ts';
import type { AuditFormat } from '../../../../src/audit/format/formats.ts';
import { formatItem } from '../../../../src/audit/format/formats.ts';
import type { OutboxItem } from '../../../../src/audit/delivery/sink.ts';
import { testUuid7 } from '../../../support/clock.ts';
import { recordDraft } from '../../../support/ledger/ledger.ts';
import { outboxItem } from '../record-arbitraries.ts';

/** The stored line inside; null when there is none, or when the line is damaged. */
function nativeLineOf(line: string): string | null {
  const delivered = readDeliveredLine(line);
  return delivered.kind === 'native' ? delivered.text : null;
}

const FORMATS: readonly AuditFormat[] = ['native', 'ocsf'];

const FIRST: OutboxItem = {
  position: 1,
  kind: 'record',
  line: chainRecord(recordDraft('intent', testUuid7(1)), {
    seq: 1,
    id: testUuid7(2),
    time: '2026-03-02T10:00:00.000Z',
    prev: GENESIS_HASH,
  }).line,
};

/** An item as the stdout sink writes it. */
function onStdout(item: OutboxItem, format: AuditFormat): string {
  const member = format === 'ocsf' ? 'ocsf' : item.kind;
  const carried: unknown = JSON.parse(formatItem(format, item));
  return JSON.stringify({ level: 'info', channel: 'audit', [member]: carried, event: `audit_${item.kind}` });
}

/** The same value with its members in reverse order and white space, as a collector may serialize it. */
function rewritten(line: string): string {
  const turn = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(turn);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .toReversed()
        .map(([name, inner]) => [name, turn(inner)]),
    );
  };
  return JSON.stringify(turn(JSON.parse(line)), null, 1);
}

describe.each(FORMATS)('a line delivered as %s', (format) => {
  it('returns the stored line, byte for byte', () => {
    fc.assert(
      fc.property(outboxItem, (item) => {
        expect(nativeLineOf(formatItem(format, item))).toBe(item.line);
      }),
    );
  });

  it('returns it from the stdout sink too, also when a collector has serialized the line again', () => {
    fc.assert(
      fc.property(outboxItem, (item) => {
        const line = onStdout(item, format);
        expect(nativeLineOf(line)).toBe(item.line);
        expect(nativeLineOf(rewritten(line))).toBe(item.line);
      }),
    );
  });

  it('is one line', () => {
    fc.assert(
      fc.property(outboxItem, (item) => {
        expect(formatItem(format, item)).not.toMatch(/[\r\n]/);
      }),
    );
  });

  it('still shows an edit of the text inside', () => {
    const edited = FIRST.line.replace('"ann"', '"eve"');
    expect(nativeLineOf(onStdout({ ...FIRST, line: edited }, format))).toBe(edited);
    expect(verifyChain([nativeLineOf(formatItem(format, { ...FIRST, line: edited })) ?? ''])).toMatchObject({
      reason: 'edited',
    });
  });
});

describe('a native line', () => {
  it('comes back as it is when it was damaged, so that the damage is seen', () => {
    const spaced = FIRST.line.replace('{', '{ ');
    expect(nativeLineOf(spaced)).toBe(spaced);
    const renamed = FIRST.line.replace('"hash"', '"hasi"');
    expect(nativeLineOf(renamed)).toBe(renamed);
  });

  it('cannot hide behind an honest record that it carries', () => {
    for (const cover of [`"record":${FIRST.line}`, `"class_uid":6003,"raw_data":${JSON.stringify(FIRST.line)}`]) {
      const forged = FIRST.line.replace('"ann"', '"eve"').replace('{', `{${cover},`);
      expect(nativeLineOf(forged)).toBe(forged);
    }
  });
});

type Event = Record<string, unknown>;

describe('a line of ours that has two meanings', () => {
  const edited = FIRST.line.replace('"ann"', '"eve"');
  const raw = JSON.stringify(FIRST.line);
  const ocsf = formatItem('ocsf', FIRST);

  it.each([
    ['an edited record beside an honest event', `{"class_uid":6003,"raw_data":${raw},"record":${edited}}`],
    ['an edited record beside an honest line', `{"raw_data":${raw},"record":${edited}}`],
    ['a record beside an event', `{"record":${FIRST.line},"ocsf":{"raw_data":"x"}}`],
    ['a record beside a checkpoint', `{"record":${FIRST.line},"checkpoint":{}}`],
    ['two records under one name', `{"record":${edited},"record":${FIRST.line}}`],
    ['two members of one name inside', `{"record":${edited.replace('{', '{"actor":{},')}}`],
    ['a record without an RFC 8785 form', String.raw`{"channel":"audit","record":{"x":"\ud800"}}`],
    ['an event with a repeated member', ocsf.replace('{', '{"message":"Dry run, nothing sent",')],
  ])('is damaged, whichever of them is honest: %s', (_, line) => {
    expect(readDeliveredLine(line)).toEqual({ kind: 'damaged', text: null });
  });

  it.each<readonly [string, (event: Event) => void]>([
    ['another person', (event) => (event['actor'] = { ...(event['actor'] as object), user: { uid: 'eve' } })],
    ['another outcome', (event) => (event['status_id'] = 2)],
    ['no time', (event) => delete event['time']],
    ['one more person invited', (event) => (event['resources'] as object[]).push({ name: 'eve@acme.com' })],
  ])('is damaged when its searchable part differs from the record: %s', (_, change) => {
    const event = JSON.parse(ocsf) as Event;
    change(event);
    const forged = { kind: 'damaged', text: FIRST.line };
    expect(readDeliveredLine(JSON.stringify(event))).toEqual(forged);
    expect(readDeliveredLine(JSON.stringify({ channel: 'audit', ocsf: event }))).toEqual(forged);
  });

  it('is none when a collector has added to an event', () => {
    const event = JSON.parse(ocsf) as Event;
    event['metadata'] = { ...(event['metadata'] as object), processed_time: 1 };
    expect(nativeLineOf(JSON.stringify({ ...event, observables: [] }))).toBe(FIRST.line);
  });
});

describe('a line that is not ours', () => {
  it.each([
    ['no JSON', 'hello'],
    ['half a line', FIRST.line.slice(0, -9)],
    ['JSON that is no object', '[1]'],
    ['an operational line', '{"level":"info","channel":"ops","event":"started"}'],
    ['an OCSF event of someone else', '{"class_uid":6003,"message":"x"}'],
    ['a record that is no object', '{"record":"x"}'],
    ['an OCSF envelope without the line', '{"ocsf":{"class_uid":6003}}'],
  ])('is foreign: %s', (_, line) => {
    expect(readDeliveredLine(line)).toEqual({ kind: 'foreign' });
  });
});
