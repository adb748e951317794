import { copyFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { TrailReport } from '../../../src/audit/verify/verify-trail.ts';
import type { VerifyReport } from '../../../src/cli/audit/verify-report.ts';
import { pointed } from '../../unit/audit/verify/trail-harness.ts';
import { audit } from '../../unit/cli/audit/audit-harness.ts';
import type { Folder } from '../../unit/cli/audit/audit-harness.ts';
import { EVIDENCE } from './forgery.ts';
import type { Evidence, Finds, Forgery } from './forgery.ts';
import type { HonestTrail } from './honest-trail.ts';
import { createLedgerForger } from './ledger-forger.ts';
import type { LedgerForger } from './ledger-forger.ts';
import type { LineForger } from './line-forger.ts';

/** Carries out one forgery and runs `audit verify` on the result, once with each kind of evidence. */
export interface Tried {
  readonly finds: Finds;
  readonly exits: Readonly<Record<Evidence, number>>;
}

export async function tryOnLedger(
  { forge }: Forgery<LedgerForger>,
  honest: HonestTrail,
  folder: Folder,
): Promise<Tried> {
  const path = folder.path('forged.db');
  copyFileSync(honest.ledger, path);
  const database = new DatabaseSync(path);
  await forge(createLedgerForger(honest, path, database));
  if (database.isOpen) database.close();
  const copy = folder.write('honest.ndjson', `${honest.lines.join('\n')}\n`);
  return await verifyWith(honest, ['--ledger', path], ['--lines', copy], ({ ledger }) => ledger);
}

export async function tryOnLines({ forge }: Forgery<LineForger>, honest: HonestTrail, folder: Folder): Promise<Tried> {
  const lines = [...honest.lines];
  const find = (fits: (value: Record<string, unknown>) => boolean): number => {
    const index = lines.findIndex((line) => fits(JSON.parse(line) as Record<string, unknown>));
    if (index === -1) throw new Error('no such line');
    return index;
  };
  const forger: LineForger = {
    honest,
    lines,
    bytes: null,
    at: (seq) => find((value) => value['seq'] === seq),
    atCheckpoint: (count) => find((value) => value['count'] === count),
  };
  await forge(forger);
  const file = folder.write('forged.ndjson', forger.bytes ?? `${lines.join('\n')}\n`);
  return await verifyWith(honest, ['--lines', file], ['--ledger', honest.ledger], (report) => report.lines);
}

/** `forged` and `copy`: the options that name the forged trail, and the other copy. */
export async function verifyWith(
  { kept, publicKey }: HonestTrail,
  forged: readonly string[],
  copy: readonly string[],
  subjectOf: (report: VerifyReport) => TrailReport | null,
): Promise<Tried> {
  const [withKept, withKey] = [
    ['--checkpoint', kept],
    ['--public-key', publicKey],
  ];
  const args: Readonly<Record<Evidence, readonly string[]>> = {
    alone: forged,
    kept: [...forged, ...withKept],
    key: [...forged, ...withKey],
    both: [...forged, ...withKept, ...withKey],
    copy: [...forged, ...withKept, ...withKey, ...copy],
  };
  const finds: Partial<Record<Evidence, string>> = {};
  const exits: Partial<Record<Evidence, number>> = {};
  for (const evidence of Object.keys(EVIDENCE) as Evidence[]) {
    const { code, stdout, stderr } = await audit(['verify', '--json', ...args[evidence]]);
    exits[evidence] = code;
    finds[evidence] = stdout === '' ? refusal(stderr) : foundIn(JSON.parse(stdout) as VerifyReport, subjectOf);
  }
  return { finds: finds as Finds, exits: exits as Tried['exits'] };
}

/** Without the name of the file, which differs from run to run. */
function refusal(stderr: string): string {
  return `refused: ${stderr.trim().replaceAll(/\S*\/(?=[\w.-]+)/g, '')}`;
}

const MAX_SHOWN = 3;

function foundIn(report: VerifyReport, subjectOf: (report: VerifyReport) => TrailReport | null): string {
  const found = [report.ledger, report.lines].flatMap((one) => (one === null ? [] : pointed(one)));
  const shown = found.slice(0, MAX_SHOWN).map((one) => one.replaceAll(/\S*\/(?=[\w.-]+)/g, ''));
  const more = found.length > MAX_SHOWN ? [`and ${found.length - MAX_SHOWN} more`] : [];
  if (report.verdict === 'broken') return `broken: ${[...shown, ...more].join('; ')}`;
  const rest = subjectOf(report)?.proof.not_vouched ?? null;
  return rest === null ? report.verdict : `${report.verdict}, not proven ${rest.from}-${rest.to}`;
}
