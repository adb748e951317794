/** Reads lines as the reader of delivered lines does, and verifies the trail that they make. */
import { createLineReader } from '../../../src/audit/line-forms/line-reader.ts';
import type { ReadLine } from '../../../src/audit/line-forms/read-line.ts';
import { verifyTrail } from '../../../src/audit/verify/verify-trail.ts';
import type { TrailLine } from '../../../src/audit/verify/verify-trail.ts';
import type { Line } from '../../unit/audit/verify/trail-harness.ts';
import { pointed, trailOf } from '../../unit/audit/verify/trail-harness.ts';

/** Two short records, one of 40 kB, and a checkpoint. */
export async function mixedTrail(): Promise<readonly Line[]> {
  const short = await trailOf(2);
  const records = short.lines.filter(({ item }) => item.kind === 'record');
  const long = await trailOf(1, { after: short.head, salt: 'x'.repeat(40_000) });
  return [...records, ...long.lines];
}

/** As the stdout sink writes it, without its line end. */
export function onStdout({ text, item }: Line): string {
  const kind = item.kind === 'checkpoint' ? 'checkpoint' : 'record';
  const record: unknown = JSON.parse(text);
  return JSON.stringify({ level: 'info', time: 'x', channel: 'audit', [kind]: record, event: `audit_${kind}` });
}

export function readAll(lines: readonly string[], lastIsEnded = true): readonly ReadLine[] {
  const reader = createLineReader();
  return [
    ...lines.flatMap((text, index) =>
      reader.take(
        { text, fault: null, isEnded: lastIsEnded || index < lines.length - 1 },
        { prefix: 'lines:', at: index + 1 },
      ),
    ),
    ...reader.end(),
  ];
}

export interface Outcome {
  /** Kind, record and place of each finding. */
  readonly found: readonly string[];
  readonly records: number;
  /** `what @ place` of each other line. */
  readonly others: readonly string[];
  readonly forms: readonly string[];
}

export async function outcomeOf(read: readonly ReadLine[]): Promise<Outcome> {
  const items = read.filter((one) => one.kind === 'item');
  const lines: TrailLine[] = items.map(({ item, place, isNewer }) => ({ item, place, isNewer, position: null }));
  const { report } = await verifyTrail({
    name: 'lines',
    kind: 'delivered',
    lines,
    base: null,
    head: null,
    droppedBefore: null,
    tables: null,
  });
  return {
    found: pointed(report),
    records: report.records,
    others: read.flatMap((one) =>
      one.kind === 'other' ? [`${one.what} @ ${one.place.prefix}${String(one.place.at)}`] : [],
    ),
    forms: [...new Set(items.map(({ forms }) => (forms.length === 0 ? 'plain' : forms.join(' + '))))],
  };
}
