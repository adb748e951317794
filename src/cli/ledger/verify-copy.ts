/**
 * Verifies a file that holds a copy of a ledger and that no process uses: every page, the schema, the whole chain, the
 * checkpoints and the table of requests. Used for a backup that was just written, and for one that is to be restored.
 */
import type { CheckpointVerifier } from '../../audit/checkpoint/checkpoint.ts';
import { createKeptPolicies } from '../../audit/verify/tables/kept-policies.ts';
import type { TrailReport } from '../../audit/verify/verify-trail.ts';
import { NO_EVIDENCE, verifyTrail } from '../../audit/verify/verify-trail.ts';
import { parseObject } from '../../lib/parse-object.ts';
import type { LedgerReader } from '../../ledger/ledger-reader.ts';
import { CommandError } from '../command-line/command-error.ts';
import type { Call } from '../command-line/command.ts';
import { counting, withProgress } from '../command-line/progress.ts';
import { counted } from '../command-line/text.ts';
import type { CliDeps } from '../deps.ts';
import { readLedgerTrail } from './read-trail.ts';
import { withLedger } from './with-ledger.ts';

export interface CopyFacts {
  readonly report: TrailReport;
  /** How many records it holds. */
  readonly records: number;
  readonly head: { readonly seq: number; readonly hash: string };
  /** The `time` of the last record; null when there is none. */
  readonly lastRecordAt: string | null;
}

export interface ReaderCheck {
  /** What it is for the user: `the backup`. */
  readonly name: string;
  readonly isWhole: () => boolean;
  readonly verifier: CheckpointVerifier | null;
  /** As in TrailSource. */
  readonly droppedBefore: number | null;
}

/** Rejects with a CommandError (`failed`) that names the faults. */
export async function verifyCopy(
  check: ReaderCheck & { readonly path: string },
  call: Call,
  deps: CliDeps,
): Promise<CopyFacts> {
  return await withLedger(deps.openReader({ kind: 'sqlite', path: check.path }), (reader) =>
    verifyReader(reader, check, { call, deps }),
  );
}

/** The same through a reader that is open. */
export async function verifyReader(
  reader: LedgerReader,
  check: ReaderCheck,
  { call, deps }: { readonly call: Call; readonly deps: CliDeps },
): Promise<CopyFacts> {
  const { name, isWhole, verifier, droppedBefore } = check;
  if (!isWhole()) throw new CommandError('failed', `${name} is damaged: SQLite’s own check of its pages fails.`);
  const { base, head } = await reader.chain();
  const policies = createKeptPolicies(reader.policies);
  const records = head.seq - base.seq;
  const row = { doing: 'Verifying', unit: 'records', total: records };
  const { report } = await withProgress(row, { call, deps }, async (progress) =>
    verifyTrail(
      {
        name: 'ledger',
        kind: 'stored',
        lines: counting(readLedgerTrail(reader, policies.see), progress),
        base,
        head,
        droppedBefore,
        tables: reader.tables,
        policies,
      },
      { ...NO_EVIDENCE, verifier },
    ),
  );
  if (report.verdict === 'broken') throw brokenCopy(name, report);
  return { report, records, head, lastRecordAt: await lastTime(reader, head.seq) };
}

/** Throws a CommandError where a part is newer than this program, or the given keys do not prove it. */
export function refuseUnproven({ report: { verdict } }: CopyFacts, name: string): void {
  if (verdict === 'newer')
    throw new CommandError('newer', `a part of ${name} is newer than this program knows. Nothing was changed.`);
  if (verdict === 'unproven')
    throw new CommandError('unproven', `the given --public-key does not prove ${name}. Nothing was changed.`);
}

/** One sentence, which is all that a CommandError may be. */
function brokenCopy(name: string, { findings, findings_total: total }: TrailReport): CommandError {
  const [first] = findings;
  const fault = first === undefined ? '' : `, first ${first.place}: ${first.message}`;
  return new CommandError('failed', `the trail in ${name} is broken, ${counted(total, 'fault', 'faults')}${fault}`);
}

async function lastTime(reader: Pick<LedgerReader, 'records'>, seq: number): Promise<string | null> {
  if (seq === 0) return null;
  const time = parseObject((await reader.records(seq - 1, 1))[0]?.line ?? '')?.['time'];
  return typeof time === 'string' ? time : null;
}
