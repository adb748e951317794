/**
 * `policy explain FILE`: prints how a policy decides on one request, and why. The request comes from a named caller of
 * the file, as in the file's own tests. The tests of the file may fail, because that is when an explanation is needed.
 */
import { emailAddress } from '../../contract/email-address.ts';
import type { InviteUsersRequest } from '../../contract/invite-users.ts';
import { AUTH_METHODS, MAX_EMAILS, MAX_GROUP_IDS, USER_ROLES } from '../../contract/invite-users.ts';
import { UUID } from '../../lib/uuid.ts';
import { resolveGroups } from '../../policy/compile.ts';
import { explain } from '../../policy/explain.ts';
import type { PolicyFile } from '../../policy/document/schema.ts';
import { instantMs } from '../../policy/document/schema.ts';
import { plainestPrincipal, runSelfTests } from '../../policy/self-test.ts';
import { CommandError } from '../command-line/command-error.ts';
import type { Call, Command } from '../command-line/command.ts';
import { JSON_OPTION, printReport } from '../command-line/json-option.ts';
import { nearest } from '../../lib/text/nearest.ts';
import { renderExplanation, toDocument } from './explain-report.ts';
import { ISSUER_OPTIONS, issuerNames, namesIn, problemLines, readPolicyFile } from './policy-file.ts';

export const policyExplain: Command = {
  name: 'policy explain',
  summary: 'Show what a policy decides on a request, and why: callers, forced values, each rule, quotas.',
  about: [
    'Asks the policy as one of its callers, like a test in the file: the token it asks with has the first entry of each ' +
      'list of that caller. What is left out of the request is what Galileo would fill in. For each address it shows every ' +
      'rule that speaks of this caller, and of each that does not apply the keys by which it does not.',
    'It reads no ledger, so it knows what a request would ask of a quota and not what is left of it; ' +
      'GET /v2/invite_policy does. Addresses you give are printed back to you.',
  ],
  operands: [{ name: 'FILE', about: 'The policy file. Its tests need not hold.' }],
  options: {
    as: { value: 'CALLER', about: 'Who asks: the name of a caller in the file. Needed.' },
    invite: { value: 'ADDRESSES', about: 'Whom: addresses, with commas between them. Needed.' },
    role: { value: 'ROLE', about: `One of ${USER_ROLES.join(', ')}; user when left out.` },
    'auth-method': { value: 'METHOD', about: `One of ${AUTH_METHODS.join(', ')}; email when left out.` },
    group: {
      value: 'GROUPS',
      about: 'Names of groups in the file or UUIDs, with commas between them; none when left out.',
    },
    'send-email': { value: 'true|false', about: 'Whether a mail is asked for; true when left out.' },
    at: { value: 'TIME', about: 'YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ; now when left out.' },
    lenient: { value: null, about: 'As with Prefer: handling=lenient: what is refused is left out.' },
    ...ISSUER_OPTIONS,
    json: JSON_OPTION,
  },
  exits: {
    ok: 'It would be allowed.',
    failed: 'It would be denied.',
    refused: 'The file cannot be taken; the problems are printed.',
  },
  examples: [
    {
      line: 'policy explain policy.yaml --as hr-portal --invite ann@acme.com --role admin',
      does: 'why an admin is refused',
    },
    {
      line: 'policy explain policy.yaml --as it-admins --invite pat@partner.io --at 2027-01-01',
      does: 'what is left when the contract ends',
    },
    { line: 'policy explain policy.yaml --as hr-portal --invite ann@acme.com --json', does: 'the trace for a program' },
  ],
  async run(call, deps) {
    const [path = ''] = call.operands;
    const read = await readPolicyFile(path, await issuerNames(call, deps), deps);
    if (read.kind === 'refused') {
      await deps.print(problemLines(path, read.problems));
      return 'refused';
    }
    const { file, policy } = read;
    const { as, caller, request, nowMs, handling } = readQuestion(call, file, deps.clock.now());
    const principal = plainestPrincipal(caller);
    const explanation = explain(policy, principal, request, nowMs, handling);
    const report = {
      ...{ path, as, caller, request, nowMs, handling, explanation },
      digest: policy.digest,
      failingTests: runSelfTests(file, policy).length,
    };
    await printReport(call, deps, toDocument(report), () => renderExplanation(report, deps.paint));
    return explanation.decision.verdict === 'allow' ? 'ok' : 'failed';
  },
};

type Caller = NonNullable<PolicyFile['callers']>[string];

interface Question {
  readonly as: string;
  readonly caller: Caller;
  readonly request: InviteUsersRequest;
  readonly nowMs: number;
  readonly handling: 'strict' | 'lenient';
}

/** Throws a CommandError when the options do not make one. */
function readQuestion({ options }: Call, file: PolicyFile, nowMs: number): Question {
  const unclear = (message: string): CommandError => new CommandError('usage', message);
  const given = (name: string): string | undefined => {
    const value = options[name];
    return typeof value === 'string' ? value : undefined;
  };
  const as = given('as');
  const callers = file.callers ?? {};
  if (as === undefined) throw unclear('say who asks: --as CALLER');
  const caller = Object.hasOwn(callers, as) ? callers[as] : undefined;
  if (caller === undefined) throw unclear(unknown('caller of this file', as, Object.keys(callers)));

  const emails = namesIn(given('invite') ?? '');
  if (emails.length === 0) throw unclear('say whom to invite: --invite ADDRESSES');
  const place = emails.findIndex((email) => emailAddress(email) === null);
  if (place >= 0) throw unclear(`--invite: entry ${place + 1} is no address of the plain form name@example.com`);
  if (new Set(emails.map((email) => email.toLowerCase())).size < emails.length)
    throw unclear('--invite names an address twice (case is ignored)');
  if (emails.length > MAX_EMAILS) throw unclear(`--invite: at most ${MAX_EMAILS} addresses in one request`);

  const role = USER_ROLES.find((one) => one === (given('role') ?? 'user'));
  if (role === undefined) throw unclear(unknown('role', given('role') ?? '', USER_ROLES));
  const authMethod = AUTH_METHODS.find((one) => one === (given('auth-method') ?? 'email'));
  if (authMethod === undefined) throw unclear(unknown('auth method', given('auth-method') ?? '', AUTH_METHODS));
  const sendEmail = given('send-email') ?? 'true';
  if (sendEmail !== 'true' && sendEmail !== 'false') throw unclear('--send-email is true or false');

  const groups = new Map(Object.entries(file.groups ?? {}));
  const asked = namesIn(given('group') ?? '').map((entry) => (groups.has(entry) ? `$${entry}` : entry));
  const ids = resolveGroups(asked, groups);
  const strange = ids.find((id) => !UUID.test(id));
  if (strange !== undefined)
    throw unclear(unknown('group of this file', strange.replace(/^\$/, ''), [...groups.keys()]));

  if (ids.length > MAX_GROUP_IDS) throw unclear(`--group: at most ${MAX_GROUP_IDS} groups in one request`);

  const at = given('at');
  const moment = at === undefined ? nowMs : instantMs(at);
  if (moment === null) throw unclear('--at is YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ');
  return {
    ...{ as, caller, nowMs: moment },
    handling: options['lenient'] === undefined ? 'strict' : 'lenient',
    request: { auth_method: authMethod, emails, role, group_ids: ids, send_email: sendEmail === 'true' },
  };
}

const PLAIN_NAME = /^[\w.-]{1,64}$/;

/** Quotes a word only when it looks like a name: a secret may have been pasted in its place. */
function unknown(kind: string, word: string, known: readonly string[]): string {
  const shown = PLAIN_NAME.test(word) ? ` "${word}"` : '';
  const meant = nearest(word, known);
  const hint = meant === null ? `it is one of ${known.join(', ') || 'none'}` : `did you mean ${meant}?`;
  return `no ${kind}${shown}; ${hint}`;
}
