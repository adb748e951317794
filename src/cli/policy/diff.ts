/**
 * `policy diff OLD NEW`: reports which requests the new policy would decide differently. The requests are the tests of
 * both files and, with a ledger, the recorded requests of real callers. Only outcomes count, not the names of rules.
 */
import type { AuditRecord } from '../../audit/record.ts';
import type { PolicyRead } from '../../policy/load.ts';
import type { Divergence } from '../../policy/shadow.ts';
import type { Question } from '../../policy/self-test.ts';
import { askPolicy, questionOf } from '../../policy/self-test.ts';
import { LedgerFileError } from '../../platform/node/ledger/files/locate.ts';
import type { ChosenLedger } from '../../platform/node/ledger/chosen-ledger.ts';
import { parseObject } from '../../lib/parse-object.ts';
import { CommandError } from '../command-line/command-error.ts';
import type { Command } from '../command-line/command.ts';
import { JSON_OPTION, printReport } from '../command-line/json-option.ts';
import type { CliDeps } from '../deps.ts';
import type { LedgerItem } from '../ledger/read-trail.ts';
import { readLedgerRecords, readThrough, unreadableItem } from '../ledger/read-trail.ts';
import { ledgerOption, withLedger } from '../ledger/with-ledger.ts';
import type { Change, DiffReport, Otherwise, RecordedRequest } from './diff-report.ts';
import { renderDiff } from './diff-report.ts';
import { ISSUER_OPTIONS, issuerNames, problemLines, readPolicyFile } from './policy-file.ts';
import type { UnknownReason } from './replay.ts';
import { compareDecisions, isDecided, replayRecord } from './replay.ts';

export const policyDiff: Command = {
  name: 'policy diff',
  summary: 'Say which tests and which recorded requests a changed policy would decide otherwise.',
  about: [
    'Asks both files every test of either. A test that is decided otherwise is a change somebody once thought worth ' +
      'guarding, also where NEW no longer carries it. Whether the tests of NEW hold is for policy check to say.',
    'With --ledger it asks both files every recorded request too, at its own time, as its own caller. The ledger is opened ' +
      'read-only; the service may be running. Records do not hold a caller’s groups at the identity provider: each ' +
      'combination that fits the record is tried, and where they disagree the request may be decided otherwise.',
    'Requests on record under AUDIT_EMAILS=hmac cannot be asked again, and are counted. ' +
      'Addresses are printed only with --show-addresses. Quotas over time are not compared; limits on one request are.',
  ],
  operands: [
    { name: 'OLD', about: 'The policy as it is.' },
    { name: 'NEW', about: 'The policy as it would be.' },
  ],
  options: {
    ledger: { value: 'PATH', about: 'A ledger file, as in LEDGER_URL; sqlite: in front may stay.' },
    'show-addresses': { value: null, about: 'Name the addresses that would be decided otherwise.' },
    ...ISSUER_OPTIONS,
    json: JSON_OPTION,
  },
  exits: {
    ok: 'Nothing would be decided otherwise.',
    failed: 'Something would be, or may be.',
    refused: 'A file cannot be taken, or the ledger cannot be read.',
  },
  examples: [
    { line: 'policy diff policy.yaml policy.new.yaml --any-issuer', does: 'what a change means for the tests' },
    {
      line: 'policy diff policy.yaml policy.new.yaml --ledger ./data/ledger.db',
      does: 'and for everything that was asked so far',
    },
    { line: 'policy diff old.yaml new.yaml --any-issuer --json', does: 'the same for a program' },
  ],
  async run(call, deps) {
    const [beforePath = '', afterPath = ''] = call.operands;
    const issuers = await issuerNames(call, deps);
    const before = await readPolicyFile(beforePath, issuers, deps);
    const after = await readPolicyFile(afterPath, issuers, deps);
    if (before.kind === 'refused' || after.kind === 'refused') {
      if (before.kind === 'refused') await deps.print(problemLines(beforePath, before.problems));
      if (after.kind === 'refused') await deps.print(problemLines(afterPath, after.problems));
      return 'refused';
    }
    const sides = { before, after, withAddresses: call.options['show-addresses'] !== undefined };
    const ledger = await ledgerOption(call, deps);
    const requests = ledger === null ? null : await compareLedger(ledger, deps, sides);
    const asked = questionsOf([
      { path: beforePath, read: before },
      { path: afterPath, read: after },
    ]);
    const report: DiffReport = {
      old: { file: beforePath, digest: before.policy.digest },
      new: { file: afterPath, digest: after.policy.digest },
      tests_asked: asked.length,
      tests: asked.flatMap((test) => compareTest(test, sides)),
      requests,
    };
    await printReport(call, deps, report, () => renderDiff(report, deps.paint));
    return report.tests.length + (report.requests?.otherwise.length ?? 0) === 0 ? 'ok' : 'failed';
  },
};

type Read = Extract<PolicyRead, { kind: 'read' }>;
type Sides = { readonly before: Read; readonly after: Read; readonly withAddresses: boolean };

interface AskedTest {
  readonly path: string;
  readonly read: Read;
  readonly index: number;
  readonly as: string;
  readonly question: Question;
}

/** The tests of all files. Of several tests with the same request, whatever they expect, only the first. */
function questionsOf(files: readonly { readonly path: string; readonly read: Read }[]): AskedTest[] {
  const tests = files.flatMap(({ path, read }) =>
    (read.file.tests ?? []).flatMap((test, index): AskedTest[] => {
      const question = questionOf(read.file, test);
      return question === null ? [] : [{ path, read, index, as: test.as, question }];
    }),
  );
  const distinct = new Map(tests.toReversed().map((test) => [askingKey(test), test]));
  return tests.filter((test) => distinct.get(askingKey(test)) === test);
}

/** `nowMs` is a text here, because JSON cannot express the -Infinity of a test without a time. */
function askingKey({ question: { nowMs, ...rest } }: AskedTest): string {
  return JSON.stringify([rest, String(nowMs)]);
}

function compareTest({ path, read, index, as, question }: AskedTest, sides: Sides): DiffReport['tests'] {
  const compared = compareDecisions(askPolicy(sides.before.policy, question), askPolicy(sides.after.policy, question));
  if (compared.divergences.length === 0) return [];
  const [place] = read.locate([{ path: ['tests', index], message: '' }]);
  return [{ file: path, line: place?.line ?? 1, as, ...otherwise(compared, sides) }];
}

async function compareLedger(ledger: ChosenLedger, deps: CliDeps, sides: Sides): Promise<DiffReport['requests']> {
  // The inspection also finds damaged pages and a missing end of the trail, which the records alone may not show.
  if (ledger.kind === 'sqlite') {
    const facts = await deps.inspectLedger(ledger.path);
    if (facts.kind === 'unusable') throw new LedgerFileError(facts.reason, ledger.path);
  } else {
    const facts = await deps.inspectPostgres(ledger.place, ledger.access);
    const brokenAt = facts.kind === 'reachable' ? (facts.trail?.brokenAt ?? null) : null;
    if (brokenAt !== null)
      throw new CommandError('refused', `the trail of the ledger is broken at seq ${brokenAt}; audit verify says more`);
  }
  return await withLedger(deps.openReader(ledger), (reader) =>
    readThrough(reader, () => compareRecords(readLedgerRecords(reader, 0), sides)),
  );
}

async function compareRecords(records: AsyncIterable<LedgerItem>, sides: Sides): Promise<DiffReport['requests']> {
  let asked = 0;
  const differing: (Otherwise & RecordedRequest)[] = [];
  const notKnown: Partial<Record<UnknownReason, number>> = {};
  for await (const item of records) {
    const record = recordIn(item);
    if (!isDecided(record)) continue;
    asked += 1;
    const replayed = replayRecord(record, sides.before, sides.after);
    if (replayed.kind === 'unknown') notKnown[replayed.reason] = (notKnown[replayed.reason] ?? 0) + 1;
    if (replayed.kind !== 'differs') continue;
    const { request_id, time, actor } = record;
    const { issuer, client_id } = actor;
    const { certain } = replayed;
    differing.push({ request_id, time, issuer, client_id, certain, ...otherwise(replayed, sides) });
  }
  return { asked, otherwise: differing, not_known: notKnown };
}

function recordIn(item: LedgerItem): AuditRecord {
  const record = parseObject(item.line);
  if (record === null) throw unreadableItem('refused', item);
  return record as unknown as AuditRecord;
}

/** Holds addresses only with --show-addresses. */
function otherwise(
  { divergences, emails }: { readonly divergences: readonly Divergence[]; readonly emails: readonly string[] },
  { withAddresses }: Sides,
): Otherwise {
  return { changes: divergences.map(changeOf), ...(withAddresses ? { emails } : {}) };
}

function changeOf({ kind, activeRule, shadowRule, because, addresses }: Divergence): Change {
  return { kind, old_rule: activeRule, new_rule: shadowRule, because, addresses };
}
