/**
 * Measures the verification of a trail: records per second and memory. The records are generated while they are read,
 * so the benchmark itself keeps no line. Prints a Markdown table. It is not a test: the figures depend on the machine.
 * Run: node bench/audit-verify.ts [RECORDS…]
 */
import { cpus } from 'node:os';
import { chainRecord, GENESIS } from '../src/audit/chain.ts';
import { checkpointLine } from '../src/audit/checkpoint/checkpoint.ts';
import { CHECKPOINT_EVERY_RECORDS } from '../src/audit/checkpoint/checkpoint-maker.ts';
import { readTrailItem } from '../src/audit/verify/item.ts';
import { isNewer } from '../src/audit/verify/known-form.ts';
import type { TrailLine } from '../src/audit/verify/verify-trail.ts';
import { verifyTrail } from '../src/audit/verify/verify-trail.ts';
import { sha256Hex } from '../src/lib/sha256.ts';
import { recordDraft } from '../test/support/ledger/ledger.ts';

const id = (number: number): string => `019c0000-0000-7000-8000-${number.toString(16).padStart(12, '0')}`;
const time = '2026-03-02T10:00:00.000Z';

const spent = { makingMs: 0, peakRss: 0, peakHeap: 0 };

/** A trail as it is delivered: a checkpoint after every CHECKPOINT_EVERY_RECORDS records. */
async function* trailOf(records: number): AsyncGenerator<TrailLine> {
  let head = GENESIS;
  let at = 0;
  let previous: string | null = null;
  const placed = (line: string): TrailLine => {
    at += 1;
    return { item: readTrailItem(line), place: { prefix: 'bench:', at }, position: null, isNewer: isNewer(line) };
  };
  for (let seq = 1; seq <= records; seq += 1) {
    const from = performance.now();
    const draft = recordDraft('intent', id(seq));
    const { line, hash } = chainRecord(draft, { seq, id: id(records + seq), time, prev: head.hash });
    spent.makingMs += performance.now() - from;
    head = { seq, hash };
    yield placed(line);
    if (seq % CHECKPOINT_EVERY_RECORDS !== 0) continue;
    const checkpoint = { id: id(2 * records + seq), time, count: seq, head: hash, previous };
    const checkpointText = await checkpointLine(checkpoint, null);
    previous = sha256Hex(checkpointText);
    yield placed(checkpointText);
    const { rss, heapUsed } = process.memoryUsage();
    spent.peakRss = Math.max(spent.peakRss, rss);
    spent.peakHeap = Math.max(spent.peakHeap, heapUsed);
  }
}

const named = (count: number): string => count.toLocaleString('en-US');
const mebibytes = (bytes: number): string => (bytes / 1024 ** 2).toFixed(0);

const counts = process.argv.slice(2).map(Number);
process.stdout.write(`Node ${process.version}, ${cpus()[0]?.model ?? 'unknown processor'}\n\n`);
process.stdout.write('| records | records/s | peak RSS, MiB | peak heap, MiB |\n|---:|---:|---:|---:|\n');
for (const records of counts.length === 0 ? [10_000, 100_000] : counts) {
  Object.assign(spent, { makingMs: 0, peakRss: 0, peakHeap: 0 });
  const from = performance.now();
  const { report } = await verifyTrail({
    name: 'bench',
    kind: 'delivered',
    lines: trailOf(records),
    base: null,
    head: null,
    droppedBefore: null,
    tables: null,
  });
  const verifyingMs = performance.now() - from - spent.makingMs;
  if (report.verdict !== 'intact') throw new Error('the bench made a broken trail');
  const perSecond = named(Math.round(records / (verifyingMs / 1000)));
  process.stdout.write(
    `| ${named(records)} | ${perSecond} | ${mebibytes(spent.peakRss)} | ${mebibytes(spent.peakHeap)} |\n`,
  );
}
