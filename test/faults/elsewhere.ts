import { DONE, IN_DOUBT, NO_LEDGER } from './situation.ts';
import type { Chapter, Ending, SituationElsewhere } from './situation.ts';

/** Situations that tests of their own try: most need PostgreSQL, a small disk or a process that is killed. */

const OURS = { ...IN_DOUBT, origin: 'proxy' } as const satisfies Ending;
/** The caller's answer is a 504; a repeat is a 409 until the intent has expired. */
const UNWRITTEN = {
  ...{ ...OURS, records: ['intent', 'outcome unknown, when the intent has expired'], key: 'in_flight' },
} as const satisfies Ending;
const LOOK = 'Look in Galileo, then [settle it](audit-reference.md#requests-with-an-unknown-outcome).';
const BY_ITSELF = 'Nothing: it goes on by itself when the database is back. Log: `ledger_write_failed`.';

const LOST = 'test/e2e/postgres/replicas/lost-commit.test.ts';
const FAULTS = 'test/e2e/postgres/server/faults.test.ts';

export const DATABASE: Chapter & { readonly situations: readonly SituationElsewhere[] } = {
  title: 'The connection to PostgreSQL',
  about:
    'A commit whose answer is lost is looked for, never guessed. What cannot be resolved within 5 s is 503 before the send and 504 after it.',
  situations: [
    {
      what: 'An idle connection is cut',
      ending: DONE,
      workers: 'not_there',
      toDo: 'Nothing.',
      shownBy: { file: FAULTS, test: 'while it is idle is replaced by another one' },
    },
    {
      what: 'The connection is cut at the commit of the intent or of the outcome, before or after the server has it',
      ending: DONE,
      workers: 'not_there',
      toDo: 'Nothing.',
      shownBy: { file: FAULTS, test: '%s the commit has reached the server loses and doubles nothing' },
    },
    {
      what: 'The connection falls silent at a commit',
      ending: DONE,
      workers: 'not_there',
      toDo: 'Nothing. It takes 4 s.',
      shownBy: { file: FAULTS, test: 'by silence after the commit is given up, and what was committed is found' },
    },
    {
      what: 'The server cannot be reached when a request comes',
      ending: NO_LEDGER,
      workers: 'not_there',
      toDo: BY_ITSELF,
      shownBy: { file: FAULTS, test: 'refuses what is asked for, and takes it again when it is back' },
    },
    {
      what: 'The server is restarted, within 2 s',
      ending: DONE,
      workers: 'not_there',
      toDo: 'Nothing: callers wait.',
      shownBy: { file: FAULTS, test: 'is waited for during a restart' },
    },
    {
      what: 'The server is lost with the commit of an intent, which it has not got',
      ending: NO_LEDGER,
      workers: 'not_there',
      toDo: BY_ITSELF,
      shownBy: { file: LOST, test: 'that the server never had is a 503, and a repeat is sent once' },
    },
    {
      what: 'The server is lost with the commit of an intent, which it has got',
      ending: {
        ...{ ...NO_LEDGER, records: ['intent', 'outcome not_sent, when the database is back'] },
        ...{ quota: 'returned', key: 'freed' },
      },
      workers: 'not_there',
      toDo: `${BY_ITSELF} Then log: \`intent_withdrawn\`. A replica that is killed before leaves the outcome \`unknown\`.`,
      shownBy: {
        file: LOST,
        test: 'is a 503 with nothing sent, then on record as not sent, and a repeat is sent once',
      },
    },
    {
      what: 'The server is lost with the commit of an outcome, which it has got',
      ending: { ...OURS, records: ['intent', 'outcome accepted'], key: 'stored' },
      workers: 'not_there',
      toDo: 'Nothing: a repeat with the same key gets the answer of Galileo.',
      shownBy: { file: LOST, test: 'is a 504 after one send, and a repeat replays what was committed' },
    },
    {
      what: 'The server is lost with the commit of an outcome, which it has not got',
      ending: UNWRITTEN,
      workers: 'not_there',
      toDo: LOOK,
      shownBy: { file: LOST, test: 'that the server never had is a 504, becomes unknown, and is not sent again' },
    },
    {
      what: 'The server does not answer at all, for longer than 5 s',
      ending: NO_LEDGER,
      workers: 'not_there',
      toDo: BY_ITSELF,
      shownBy: {
        file: 'test/unit/ledger/postgres/batches.test.ts',
        test: 'a step ends after 5 s when the database does not answer, also behind a batch that hangs',
      },
    },
    {
      what: 'A synchronous standby takes over',
      ending: DONE,
      workers: 'not_there',
      toDo: 'Nothing was lost. Callers get 503 until the new server can be reached.',
      shownBy: {
        file: 'test/e2e/postgres/replicas/failover.test.ts',
        test: 'to a synchronous standby loses nothing, and the process goes on',
      },
    },
    {
      what: 'A standby that lacks the last commits takes over',
      ending: NO_LEDGER,
      workers: 'not_there',
      toDo: 'Bring the server of before back, or start the service anew to go on with this one. Log: `ledger_write_failed`, reason `diverged`.',
      shownBy: {
        file: 'test/e2e/postgres/replicas/failover.test.ts',
        test: 'to a standby that lacks the last commits stops writing',
      },
    },
    {
      what: 'The disk of the server is full',
      ending: NO_LEDGER,
      workers: 'not_there',
      toDo: 'Make room. It goes on by itself.',
      shownBy: {
        file: 'test/e2e/postgres/server/disk-full.test.ts',
        test: 'refuses what it cannot record, sends none of that, and serves again once there is room',
      },
    },
  ],
};

export const HOST: Chapter & { readonly situations: readonly SituationElsewhere[] } = {
  title: 'The service and its machine',
  about: 'What has nothing to do with a network.',
  situations: [
    {
      what: 'The disk of the ledger is full',
      ending: NO_LEDGER,
      workers: 'not_there',
      toDo: 'Make room. It goes on by itself. Log: `ledger_write_failed`.',
      shownBy: {
        file: 'test/e2e/disks/disk-full.test.ts',
        test: 'refuses what it cannot record, sends none of that, and serves again once there is room',
      },
    },
    {
      what: 'The ledger fails before the send',
      ending: NO_LEDGER,
      toDo: 'Look at `ledger_write_failed`.',
      shownBy: {
        file: 'test/http/invite/ledger-failure.test.ts',
        test: 'before the send: 503, nothing sent, and service again by itself when it is back',
      },
    },
    {
      what: 'The ledger fails after the send, for less than 5 s',
      ending: DONE,
      toDo: 'Nothing. Log: `ledger_settle_failed`.',
      shownBy: {
        file: 'test/http/invite/ledger-failure.test.ts',
        test: 'after the send: the outcome is written late rather than never',
      },
    },
    {
      what: 'The ledger fails after the send, for longer than 5 s',
      ending: UNWRITTEN,
      toDo: LOOK,
      shownBy: {
        file: 'test/http/invite/ledger-failure.test.ts',
        test: 'for longer than 5 s after the send: 504 outcome_unknown, and unknown for good once the intent expires',
      },
    },
    {
      what: 'The answer of the ledger object to an admission is lost',
      ending: DONE,
      toDo: 'Nothing: the admission is asked for again, and is carried out once.',
      shownBy: {
        file: 'test/workers/ledger/lost-answer.test.ts',
        test: 'sends an invite once, and explains a refusal by policy and by quota',
      },
    },
    {
      what: 'The process is killed between the send and the record of the outcome',
      ending: {
        ...{ ...UNWRITTEN, status: null, code: null, origin: null },
      },
      workers: 'untried',
      toDo: LOOK,
      shownBy: {
        file: 'test/e2e/process.test.ts',
        test: 'leaves an intent that becomes unknown when its time is over, replays as unknown, and is never sent again',
      },
    },
    {
      what: 'The caller goes away after the send',
      ending: { ...DONE, status: null },
      toDo: 'Nothing: a repeat with the same key gets the answer.',
      shownBy: {
        file: 'test/http/invite/ledger-failure.test.ts',
        test: 'changes nothing: the outcome is on record all the same',
      },
    },
    {
      what: 'The machine’s clock is set back',
      ending: DONE,
      workers: 'not_there',
      toDo: 'Set the clock. Keys and quotas follow [trusted time](operations.md#clocks).',
      shownBy: {
        file: 'test/contract/ledger/suites/clock.contract.ts',
        test: 'frees no key, also when a request is admitted and retention runs meanwhile',
      },
    },
    {
      what: 'The policy file is replaced by one that does not load',
      ending: DONE,
      toDo: 'Correct it: the policy of before decides. Log: `policy_refused`.',
      shownBy: {
        file: 'test/unit/platform/policy/reload.test.ts',
        test: 'is refused: the policy before it stays, and is said to stay by line and count alone',
      },
    },
    {
      what: 'The file of the Galileo key is gone',
      ending: DONE,
      workers: 'not_there',
      toDo: 'Put the file back: it is read without a restart. The key of before is used meanwhile.',
      shownBy: {
        file: 'test/unit/platform/secrets/node.test.ts',
        test: 'that was gone is read at once when it is back, also as the same file',
      },
    },
  ],
};
