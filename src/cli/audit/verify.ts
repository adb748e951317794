/**
 * `audit verify`: checks that a trail is complete and unchanged. It checks a ledger, delivered lines, or both and that
 * they agree. Checkpoints that were kept elsewhere are evidence. Reads only; prints places and numbers, never a line.
 */
import { GENESIS } from '../../audit/chain.ts';
import { createKeptPolicies } from '../../audit/verify/tables/kept-policies.ts';
import type { TrailEvidence, TrailSource, VerifiedTrail } from '../../audit/verify/verify-trail.ts';
import { verifyTrail } from '../../audit/verify/verify-trail.ts';
import { linesIn, readDeliveredLines, readKeptCheckpoints } from './delivered-lines.ts';
import type { LineTally } from './delivered-lines.ts';
import { PUBLIC_KEY_OPTION, readPublicKeys } from './public-keys.ts';
import type { VerifyReport } from './verify-report.ts';
import { renderVerify } from './verify-report.ts';
import { readLedgerTrail } from '../ledger/read-trail.ts';
import { droppedBefore, RETENTION_OPTION } from '../ledger/retention.ts';
import { chooseLedger, LEDGER_OPTION, withLedger } from '../ledger/with-ledger.ts';
import { CommandError } from '../command-line/command-error.ts';
import type { Call, Command } from '../command-line/command.ts';
import { counting, withProgress } from '../command-line/progress.ts';
import { JSON_OPTION, printReport } from '../command-line/json-option.ts';
import type { CliDeps } from '../deps.ts';

const WORST_FIRST = ['broken', 'unproven', 'newer'] as const;
const EXIT_OF = { intact: 'ok', newer: 'newer', unproven: 'unproven', broken: 'failed' } as const;

export const auditVerify: Command = {
  name: 'audit verify',
  summary: 'Prove that the audit trail is whole, or name every edit, gap, move, cut and rewrite with its place.',
  about: [
    'Checks the hash chain record by record and every checkpoint against it. A ledger may be in use; it is opened ' +
      'read-only, and all of it is of one moment. With --ledger and --lines, the two are held against each other.',
    '--lines takes what the sinks delivered, native or OCSF, plain or gzip, and also as a runtime, a collector or a log ' +
      'store wrote it (docs/compatibility.md lists the forms). The form is found line by line. An exact repeat is no fault, ' +
      'because delivery is at least once. Several files are one stream, in the order of their records. Lines without a ' +
      'record are counted by what they are; the answer says where the first of each is.',
    'A chain alone shows that the records fit together. It cannot show that the whole trail was written anew, or that its ' +
      'end was cut off. With --public-key the signed checkpoints prove the records that they cover: without the key, a ' +
      'change of them shows. A trail without a valid signature is then never intact. --checkpoint takes copies of ' +
      'checkpoints that were kept where the service cannot reach them (any file of delivered lines will do). They also ' +
      'show a cut. The answer says what is proven, what is not, and what was not checked.',
    'A ledger has to begin with record 1, or behind a checkpoint so old that retention may have dropped what it covers. ' +
      'Lines may begin anywhere, as those of one month do; the answer says what is not there, and with --whole it is a fault.',
    'After a fault it goes on, so several are each named. At most 1,000 are listed; all are counted.',
  ],
  operands: [],
  options: {
    ledger: { ...LEDGER_OPTION, about: `${LEDGER_OPTION.about} With --lines, no ledger is read unless it is named.` },
    lines: { value: 'FILE', about: 'Delivered lines; - is stdin. May be given several times.', many: true },
    checkpoint: { value: 'FILE', about: 'Checkpoints kept elsewhere. May be given several times.', many: true },
    'public-key': PUBLIC_KEY_OPTION,
    'signed-since': {
      value: 'RECORD',
      about:
        'With --public-key: checkpoints of records before this one may be unsigned, because the service had no key.',
    },
    'retention-days': RETENTION_OPTION,
    whole: { value: null, about: 'The trail has to begin with record 1.' },
    json: JSON_OPTION,
  },
  exits: {
    ok: 'The trail is intact.',
    failed: 'It is broken; what is wrong is printed.',
    unproven:
      'No fault was found, but the given --public-key proves none of the records, or leaves more than 30,000 unproven at the end: they could have been written anew.',
    newer: 'Nothing is wrong, but a part is newer than this program knows. Verify with the newer program.',
    refused: 'A ledger, a file or a key cannot be read, so nothing can be said.',
  },
  examples: [
    { line: 'audit verify', does: 'the ledger of this environment' },
    {
      line: 'audit verify --checkpoint kept.ndjson --public-key audit.pub.pem',
      does: 'and that its tail is the one a kept checkpoint knows, signed by the service',
    },
    {
      line: 'audit verify --lines may.ndjson.gz --lines june.ndjson.gz --ledger ledger.db',
      does: 'what a collector received against what the service kept',
    },
    { line: 'audit verify --lines - < service.log', does: 'what the service wrote to stdout' },
    {
      line: 'audit verify --lines /var/log/pods/default_invite-proxy-0_*/proxy/0.log',
      does: 'the same from the file of a container runtime, here of Kubernetes',
    },
  ],
  async run(call, deps) {
    const files = [...(call.lists['lines'] ?? []), ...(call.lists['checkpoint'] ?? [])];
    if (files.filter((file) => file === '-').length > 1) throw new CommandError('usage', 'stdin can be read only once');
    const report = await verify(call, await droppedBefore(call, deps), deps);
    await printReport(call, deps, report, () => renderVerify(report, deps));
    return EXIT_OF[report.verdict];
  },
};

async function verify(call: Call, since: number | null, deps: CliDeps): Promise<VerifyReport> {
  const files = call.lists['lines'] ?? [];
  const includesLedger = files.length === 0 || call.options['ledger'] !== undefined;
  const evidence = await readEvidence(call, deps);
  const delivered = readDeliveredLines(files, deps.audit);
  const lines =
    files.length === 0
      ? null
      : await withProgress({ doing: 'Verifying', unit: 'delivered lines', total: null }, { call, deps }, (progress) =>
          verifyTrail(
            {
              name: 'delivered lines',
              kind: 'delivered',
              lines: counting(delivered.lines, progress),
              base: call.options['whole'] === undefined ? null : GENESIS,
              head: null,
              droppedBefore: null,
              tables: null,
            },
            // Next to a ledger, the lines may be a part of its trail.
            { ...evidence, reach: !includesLedger },
          ),
        );
  const ledger = includesLedger ? await verifyLedger(call, since, deps, { ...evidence, other: copyOf(lines) }) : null;
  const reports = [ledger, lines?.report ?? null].filter((one) => one !== null);
  return {
    verdict: WORST_FIRST.find((verdict) => reports.some((one) => one.verdict === verdict)) ?? 'intact',
    ledger,
    lines: lines === null ? null : { ...lines.report, ...leftOut(delivered.tally()) },
  };
}

function leftOut(read: LineTally): { readonly skipped: number; readonly read: LineTally } {
  return { skipped: linesIn(read.others), read };
}

async function verifyLedger(
  call: Call,
  since: number | null,
  deps: CliDeps,
  evidence: TrailEvidence,
): Promise<NonNullable<VerifyReport['ledger']>> {
  return await withLedger(deps.openReader(await chooseLedger(call, deps)), (reader) =>
    reader.inSnapshot(async () => {
      const { base, head } = await reader.chain();
      const policies = createKeptPolicies(reader.policies);
      const source: Omit<TrailSource, 'lines'> = {
        name: 'ledger',
        kind: 'stored',
        policies,
        base,
        head,
        droppedBefore: since,
        tables: reader.tables,
      };
      const row = { doing: 'Verifying', unit: 'records', total: head.seq - base.seq };
      return await withProgress(row, { call, deps }, async (progress) => {
        const lines = counting(readLedgerTrail(reader, policies.see), progress);
        const { report } = await verifyTrail({ ...source, lines }, evidence);
        return { ...report, policies: policies.summary() };
      });
    }),
  );
}

function copyOf(lines: VerifiedTrail | null): TrailEvidence['other'] {
  return lines === null ? null : { name: 'the delivered lines', ...lines.copy };
}

async function readEvidence(call: Call, deps: CliDeps): Promise<TrailEvidence> {
  const kept = await readKeptCheckpoints(call.lists['checkpoint'] ?? [], deps.audit);
  return {
    kept,
    reach: true,
    verifier: await readPublicKeys(call, deps),
    signedSince: signedSinceIn(call),
    other: null,
  };
}

function signedSinceIn({ options, lists }: Call): number {
  const { 'signed-since': since } = options;
  if (typeof since !== 'string') return 1;
  if (!/^[1-9]\d{0,15}$/.test(since)) throw new CommandError('usage', '--signed-since is the number of a record');
  if ((lists['public-key'] ?? []).length === 0) throw new CommandError('usage', '--signed-since needs --public-key');
  return Number(since);
}
