/**
 * `policy check FILE`: reports whether the service would accept a policy file, whose tests must pass. For a reviewer it
 * also names the rules that no test depends on.
 */
import type { PolicyRead } from '../../policy/load.ts';
import type { PolicyFile } from '../../policy/document/schema.ts';
import { askPolicy, questionOf, runSelfTests } from '../../policy/self-test.ts';
import type { CompiledPolicy } from '../../policy/compile.ts';
import type { Command } from '../command-line/command.ts';
import { JSON_OPTION, printReport } from '../command-line/json-option.ts';
import { counted, printable } from '../command-line/text.ts';
import type { Paint } from '../deps.ts';
import type { Letters, RuleEnd } from './review-notes.ts';
import { lettersIn, lookAlikes, ruleEnds } from './review-notes.ts';
import { checkOnline, onlineText } from './check-online.ts';
import { ISSUER_OPTIONS, issuerNames, problemLines, readPolicyFile } from './policy-file.ts';

export const policyCheck: Command = {
  name: 'policy check',
  summary: 'Say whether a policy file would be taken, or every problem it has, with line and column.',
  about: [
    'Reads the file as the service does: syntax, unknown keys, unknown names of sets, groups, callers and issuers, and ' +
      'then its own tests. A file with a problem or a failing test is one that the service refuses; it would keep the ' +
      'policy it has, or not start.',
    'Rules and forced values that no test decides by are named as well. They are no problem, but nothing would notice ' +
      'if they were changed. For each rule with an end it prints the last day, for domains with xn-- their letters, and it ' +
      'names what looks alike.',
    'With --online it also asks Galileo for its groups, as the service would with these settings (GET /v2/groups), and names ' +
      'each group id of the file that Galileo does not list. Galileo may hide a group from the account. It sends no invite, and ' +
      'a password that was refused less than an hour ago is not tried.',
  ],
  operands: [{ name: 'FILE', about: 'The policy file.' }],
  options: {
    ...ISSUER_OPTIONS,
    online: { value: null, about: 'Ask Galileo whether it has the groups that the file names.' },
    json: JSON_OPTION,
  },
  exits: {
    ok: 'The file would be taken.',
    failed: 'With --online: the file would be taken, and Galileo does not list a group that it names, or gave no list.',
    refused: 'It would not; the problems are printed.',
  },
  examples: [
    { line: 'policy check policy.yaml --any-issuer', does: 'in a pipeline, before AUTH_ISSUERS is known' },
    { line: 'policy check policy.yaml', does: 'where the service runs, with its issuers' },
    {
      line: 'policy check policy.yaml --json',
      does: '`{"ok":false,…,"problems":[{"line":4,"column":9,"message":"…"}]}`',
    },
    { line: 'policy check policy.yaml --online', does: 'with the settings of the service, also the groups in Galileo' },
  ],
  async run(call, deps) {
    const [path = ''] = call.operands;
    const read = await readPolicyFile(path, await issuerNames(call, deps), deps);
    const report = judge(read, deps.clock.now());
    const isTaken = report.problems.length === 0;
    const online =
      isTaken && read.kind === 'read' && call.options['online'] !== undefined ? await checkOnline(read, deps) : null;
    const ok = isTaken && (online === null || online.ok);
    const document = { ok, file: path, ...report, ...(online === null ? {} : { online }) };
    await printReport(call, deps, document, () => {
      const text = render(path, report, deps.paint);
      return online === null ? text : text + onlineText(path, online, deps.paint);
    });
    if (!isTaken) return 'refused';
    return ok ? 'ok' : 'failed';
  },
};

function render(path: string, report: Report, paint: Paint): string {
  const {
    rules = 0,
    quotas = 0,
    tests = 0,
    digest,
    untested = [],
    problems,
    ends = [],
    letters = [],
    alike = [],
  } = report;
  if (problems.length > 0)
    return `${problemLines(path, problems)}${paint('red', 'refused')} ${counted(problems.length, 'problem', 'problems')}\n`;
  const held = tests === 0 ? 'no tests' : counted(tests, 'test holds', 'tests hold');
  const note = `${paint('yellow', 'note')} `;
  return [
    `${paint('green', 'ok')} ${printable(path)}: ${counted(rules, 'rule', 'rules')}, `,
    `${counted(quotas, 'quota', 'quotas')}, ${held}\n   sha256:${digest}\n`,
    ...ends.map((end) => `   ${end.rule}: until ${end.until}, last day ${end.last_day} (UTC)${nearness(end)}\n`),
    ...letters.slice(0, MAX_LETTERS).map(({ domain, letters: word }) => `   ${domain} = ${printable(word)}\n`),
    letters.length > MAX_LETTERS ? `   and ${letters.length - MAX_LETTERS} more domains with xn--\n` : '',
    ...alike.map((names) => `${note}These names look alike: ${names.join(', ')}\n`),
    tests === 0 ? `${note}It carries no tests, so it would be taken with any mistake in it.\n` : '',
    tests > 0 && untested.length > 0 ? `${note}No test decides by: ${untested.join(', ')}\n` : '',
  ].join('');
}

const MAX_LETTERS = 20;
const SOON_DAYS = 14;

function nearness({ ended, days_left: left }: RuleEnd): string {
  if (ended || left === null) return ': it has ended';
  return left > SOON_DAYS ? '' : `: ends in ${left === 0 ? 'less than a day' : counted(left, 'day', 'days')}`;
}

interface Report {
  /** 64 hex digits. */
  readonly digest?: string;
  readonly rules?: number;
  readonly quotas?: number;
  readonly tests?: number;
  /** Ids of the rules and forced values that decide no test. */
  readonly untested?: readonly string[];
  readonly ends?: readonly RuleEnd[];
  readonly letters?: readonly Letters[];
  /** Names that differ in case or joining characters only. */
  readonly alike?: readonly (readonly string[])[];
  readonly problems: Extract<PolicyRead, { kind: 'refused' }>['problems'];
}

function judge(read: PolicyRead, nowMs: number): Report {
  if (read.kind === 'refused') return { problems: read.problems };
  const { file, policy, locate } = read;
  return {
    digest: policy.digest,
    rules: file.rules.length,
    quotas: file.quotas?.length ?? 0,
    tests: file.tests?.length ?? 0,
    untested: untestedIds(file, policy),
    ends: ruleEnds(file, nowMs),
    letters: lettersIn(file),
    alike: lookAlikes(file),
    problems: locate(runSelfTests(file, policy)),
  };
}

function untestedIds(file: PolicyFile, policy: CompiledPolicy): string[] {
  const decided = new Set(
    (file.tests ?? []).flatMap((test) => {
      const question = questionOf(file, test);
      if (question === null) return [];
      const { addresses, forced } = askPolicy(policy, question);
      return [...addresses, ...forced].map(({ rule }) => rule);
    }),
  );
  return [...(file.force ?? []), ...file.rules].map(({ id }) => id).filter((id) => !decided.has(id));
}
