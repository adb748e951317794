import { describe, expect, it } from 'vitest';
import { REQUEST_RECORD_KINDS, REQUEST_RESULTS } from '../../../../src/audit/record-vocabulary.ts';
import { STORY_EVENTS } from '../../../../src/audit/story-events.ts';
import type { RecordDraft, RecordOutcome } from '../../../../src/audit/record.ts';
import { tellStory } from '../../../../src/invite/story/tell-story.ts';
import type { StoryReader } from '../../../../src/invite/story/story-event.ts';
import { testUuid7 } from '../../../support/clock.ts';
import { recordDraft } from '../../../support/ledger/ledger.ts';

const ID = testUuid7(1);
const OTHER = testUuid7(2);
const AUDITOR: StoryReader = { sees: 'everything', addresses: 10 };
const OWNER: StoryReader = { sees: 'request', addresses: 10 };
const DIGEST = 'ab'.repeat(32);

const lineOf = (draft: object, seq = 7) => ({
  seq,
  line: JSON.stringify({ ...draft, seq, time: `2026-03-02T10:00:${String(seq).padStart(2, '0')}.250Z` }),
});

function told(draft: RecordDraft, { id = ID, reader = AUDITOR }: { id?: string; reader?: StoryReader } = {}) {
  return tellStory(id, [lineOf(draft)], reader).map(({ event, message }) => `${event}: ${message}`);
}

const outcome = (kind: RecordDraft['kind'], members: Partial<RecordOutcome>): RecordDraft =>
  recordDraft(kind, ID, members);

const ATTEMPT = {
  slot: 'current',
  key_fingerprint: '0123456789ab',
  result: 'answered',
  status: 200,
  duration_ms: 212,
} as const;

describe('the story of a request', () => {
  it('begins with who asked for what, what the policy decided, and that it was on record before it was sent', () => {
    const draft = recordDraft('intent', ID, { expires_at: '2026-03-02T10:00:45.000Z' });
    const { request, policy } = draft;
    const emails = ['ann@acme.com', 'bob@acme.com', 'eve@rival.io'];
    const asked: RecordDraft = {
      ...draft,
      source: { address: '192.0.2.7', user_agent: 'curl/8.5.0', origin: 'https://hr.acme.com' },
      request: {
        ...request,
        emails,
        email_count: 3,
        malformed: [{ index: 3, reason: 'no_at' }],
        group_ids: ['11111111-1111-4111-8111-111111111111'],
        send_email: false,
      },
      policy: {
        ...policy,
        decisions: [
          { decision: 'allow', rule: 'hr-staff', because: [], emails: emails.slice(0, 2), email_count: 2 },
          { decision: 'deny', rule: 'never-invite', because: ['domains'], emails: emails.slice(2), email_count: 1 },
        ],
        forced: [
          { rule: 'readers', field: 'role', value: 'read_only' },
          { rule: 'quiet', field: 'send_email', value: false },
          { rule: 'home', field: 'group_ids', value: ['22222222-2222-4222-8222-222222222222'] },
        ],
      },
    };
    expect(told(asked)).toEqual([
      'asked: Subject ann of client hr-portal (issuer corp) asked to invite 3 addresses as user with okta, into 1 group ' +
        '(11111111-1111-4111-8111-111111111111), without a mail: ann@acme.com, bob@acme.com, eve@rival.io. ' +
        'Entry 4 of the list: left out (no_at). ' +
        'The request came from 192.0.2.7, with User-Agent curl/8.5.0, with Origin https://hr.acme.com.',
      'policy_decided: The policy sha256:abababababab… allowed 2 addresses by rule hr-staff: ann@acme.com, bob@acme.com; ' +
        'denied 1 address by rule never-invite (domains): eve@rival.io.',
      'values_forced: The policy set role to read_only (row readers), send_email to false (row quiet), ' +
        'group_ids to 22222222-2222-4222-8222-222222222222 (row home), whatever was asked.',
      'admitted: The request was admitted, and this was on record before anything was sent. ' +
        'Without an outcome it becomes unknown after 2026-03-02 10:00:45 UTC.',
    ]);
  });

  it('says of a denial which rule or quota refused, and what the caller was answered', () => {
    const denial = outcome('denial', { code: 'policy_denied', status: 403 });
    const decisions = (rule: string | null, because: string[]) => ({
      ...denial,
      policy: { ...denial.policy, decisions: [{ decision: 'deny' as const, rule, because, email_count: 1 }] },
    });
    expect(told(decisions('never-invite', ['domains'])).slice(1)).toEqual([
      'policy_decided: The policy sha256:abababababab… denied the address by rule never-invite (domains).',
      'denied: The request was refused: nothing was sent. The caller was answered with status 403 (policy_denied).',
    ]);
    expect(told(decisions(null, ['no-rule']))[1]).toBe(
      'policy_decided: The policy sha256:abababababab… denied the address because no rule of this caller matches.',
    );
    expect(told(decisions(null, ['no-caller']))[1]).toContain('because it does not know this caller.');
    expect(told(outcome('denial', { code: 'quota_exhausted', status: 429, quota: 'app-day' }))[2]).toBe(
      'denied: Quota app-day refused it: nothing was sent. The caller was answered with status 429 (quota_exhausted).',
    );
  });

  it('says of each exchange which key was used, what came back and how long it took', () => {
    const attempts = [
      { ...ATTEMPT, status: 401 },
      { ...ATTEMPT, slot: 'next' as const, result: 'not_sent' as const, reason: 'connect_timeout', duration_ms: 5_000 },
      { ...ATTEMPT, slot: 'next' as const, result: 'maybe_sent' as const, reason: 'timeout', duration_ms: 9_987 },
    ].map(({ status, ...rest }, index) => (index === 0 ? { ...rest, status } : rest));
    const unknown = { result: 'unknown', reason: 'timeout', status: 504, code: 'outcome_unknown', attempts } as const;
    expect(told(outcome('outcome', unknown))).toEqual([
      'galileo_asked: Galileo was asked with the current key (fingerprint 0123456789ab) and answered with status 401 after 0.21 s.',
      'galileo_asked: Galileo was asked with the next key (fingerprint 0123456789ab) and was not reached after 5.00 s, ' +
        'because no connection to Galileo was made in time.',
      'galileo_asked: Galileo was asked with the next key (fingerprint 0123456789ab) and gave no complete answer after 9.99 s, ' +
        'because Galileo did not answer in time.',
      'became_unknown: The outcome was unknown, because Galileo did not answer in time: the invitation may or may not have ' +
        'been done. The caller was answered with status 504 (outcome_unknown).',
    ]);
  });

  it.each([
    [
      { result: 'accepted', status: 200, upstream_status: 200 },
      'accepted: Galileo accepted the invitation (status 200). The caller was answered with status 200.',
    ],
    [
      {
        result: 'accepted',
        status: 502,
        upstream_status: 200,
        withheld: 'contains_key',
        code: 'upstream_response_withheld',
      },
      'accepted: Galileo accepted the invitation (status 200). Its answer was withheld, because it held the Galileo key. ' +
        'The caller was answered with status 502 (upstream_response_withheld).',
    ],
    [
      { result: 'refused', status: 422, upstream_status: 422, code: 'upstream_refused' },
      'refused: Galileo refused the invitation (status 422). The caller was answered with status 422 (upstream_refused).',
    ],
    [
      { result: 'not_sent', reason: 'breaker_open', status: 503, code: 'upstream_unavailable' },
      'not_sent: The invitation was not done, because Galileo had failed several times before, and this service waited. ' +
        'The caller was answered with status 503 (upstream_unavailable).',
    ],
    [
      { result: 'unknown', reason: 'expired', settled_by: 'sweep', status: 504 },
      'became_unknown: The outcome was unknown, because this service stopped before an outcome was on record: the invitation ' +
        'may or may not have been done. It was recorded by this service, because the intent had expired.',
    ],
    [
      { result: 'unknown', reason: 'a_later_reason' },
      'became_unknown: The outcome was unknown, because of a_later_reason: the invitation may or may not have been done.',
    ],
  ] as const)('ends as the outcome says: %o', (members, sentence) => {
    expect(told(outcome('outcome', members))).toEqual([sentence]);
  });

  it('says what Galileo’s users showed, and who settled an unknown outcome', () => {
    const users = [
      { email: 'ann@acme.com', created_at: '2026-03-02T10:00:12.000Z' },
      { email: 'bob@acme.com', created_at: null },
    ];
    expect(told(outcome('reconciliation', { result: 'unknown', evidence: { created_after: 1, users } }))).toEqual([
      'users_looked_up: Galileo was asked for its users: 1 of 2 addresses belongs to a user that was created after the request ' +
        '(ann@acme.com: created 2026-03-02 10:00:12 UTC, bob@acme.com: no user). This proves nothing, so the outcome stayed unknown.',
    ]);
    const evidence = { created_after: 1, users: users.slice(0, 1) };
    expect(
      told(outcome('reconciliation', { result: 'accepted', settled_by: 'reconciliation', evidence })).slice(1),
    ).toEqual(["settled: The outcome was settled as accepted, by this service, from Galileo's list of users."]);
    const byPerson = {
      result: 'refused',
      settled_by: 'person',
      person: 'Ann Smith',
      note: 'not there after a day',
    } as const;
    expect(told(outcome('reconciliation', byPerson))).toEqual([
      'settled: Ann Smith settled it as refused: "not there after a day".',
    ]);
  });

  it('says to an auditor alone with which token and request a person settled it over HTTP', () => {
    const { actor } = recordDraft('intent', ID);
    const settler = { ...actor, subject: 'kim', client_id: 'console', request_id: OTHER, address: '192.0.2.9' };
    const members = { result: 'accepted', settled_by: 'person', person: 'kim', note: 'listed', settler } as const;
    const sentence = 'settled: kim settled it as accepted: "listed".';
    expect(told(outcome('reconciliation', members))).toEqual([
      `${sentence} This came over HTTP, with a token of client console (issuer corp), from 192.0.2.9, as request ${OTHER}.`,
    ]);
    expect(told(outcome('reconciliation', members), { reader: OWNER })).toEqual([sentence]);
  });

  it('has the replays of its answer, and of a replay the request whose answer it was', () => {
    const replay = recordDraft('replay', OTHER, { first_request_id: ID, status: 200 });
    expect(told(replay)).toEqual([
      `replayed: The request was repeated with its Idempotency-Key, as request ${OTHER}, and got the stored answer (status 200). Nothing was sent.`,
    ]);
    expect(told(replay, { id: OTHER })).toEqual([
      `replayed: Subject ann of client hr-portal (issuer corp) repeated request ${ID} with its Idempotency-Key and got the stored answer (status 200). Nothing was sent.`,
    ]);
  });

  it('says of a dry run what was asked and that nothing was sent', () => {
    const { emails: _, ...request } = recordDraft('dry_run', ID).request;
    const draft: RecordDraft = { ...recordDraft('dry_run', ID, { status: 200 }), request };
    const app: RecordDraft = { ...draft, actor: { ...draft.actor, kind: 'app' } };
    expect(told(app, { reader: OWNER })).toEqual([
      'asked: The app hr-portal (issuer corp) asked what would become of an invitation for 1 address as user with okta.',
      'policy_decided: The policy sha256:abababababab… allowed the address by rule hr-staff.',
      'previewed: It was a dry run: nothing was sent. The caller was answered with status 200.',
    ]);
  });

  it('is ordered by seq, whatever the order of the lines and the clock', () => {
    const lines = [
      lineOf(recordDraft('outcome', ID, { result: 'accepted' }), 9),
      lineOf(recordDraft('replay', OTHER, { first_request_id: ID }), 12),
      lineOf(recordDraft('intent', ID), 3),
    ];
    const story = tellStory(ID, lines, AUDITOR);
    expect(story.map(({ seq, event }) => [seq, event])).toEqual([
      [3, 'asked'],
      [3, 'policy_decided'],
      [3, 'admitted'],
      [9, 'accepted'],
      [12, 'replayed'],
    ]);
    expect(story[0]?.at).toBe('2026-03-02T10:00:03.250Z');
  });

  it('shows an owner neither the keys nor the exchanges nor where the request came from', () => {
    const intent = told(recordDraft('intent', ID), { reader: OWNER });
    const ended = told(outcome('outcome', { result: 'accepted', attempts: [ATTEMPT] }), { reader: OWNER });
    expect([...intent, ...ended].join('\n')).not.toMatch(/192\.0\.2\.7|0123456789ab|current key/);
    expect(ended).toHaveLength(1);
  });

  it('names as many addresses as it is asked to, and counts the others', () => {
    const emails = Array.from({ length: 500 }, (_, n) => `p${n}@acme.com`);
    const draft = recordDraft('intent', ID);
    const many: RecordDraft = { ...draft, request: { ...draft.request, emails, email_count: 500 } };
    expect(told(many, { reader: { sees: 'request', addresses: 2 } })[0]).toMatch(
      / asked to invite 500 addresses as user with okta: p0@acme\.com, p1@acme\.com and 498 more\.$/,
    );
    expect(told(many, { reader: { sees: 'request', addresses: Infinity } })[0]).toContain('p499@acme.com');
  });

  it('names a damaged line, and a line about another request, and goes on', () => {
    const lines = [
      { seq: 1, line: 'x' },
      { seq: 2, line: '' },
      lineOf({ ...recordDraft('intent', ID), policy: { decisions: 'none' } }, 3),
      lineOf(recordDraft('outcome', OTHER), 4),
      // Stored under another number than its own.
      { ...lineOf(recordDraft('outcome', ID), 6), seq: 5 },
      lineOf(recordDraft('outcome', ID, { result: 'refused' }), 7),
    ];
    expect(tellStory(ID, lines, AUDITOR).map(({ seq, event }) => [seq, event])).toEqual([
      [1, 'unreadable'],
      [2, 'unreadable'],
      [3, 'unreadable'],
      [4, 'unreadable'],
      [5, 'unreadable'],
      [7, 'refused'],
    ]);
  });

  it('lets no text of a caller end a sentence, or reach a terminal as a command', () => {
    const draft = outcome('reconciliation', {
      result: 'accepted',
      person: 'a\u001b[2J',
      note: 'x". Bob settled it\n\u202e',
    });
    const actor = { ...draft.actor, subject: 'kim of client evil\u0007', client_id: 'a "b" \\', issuer: 'corp' };
    const evil: RecordDraft = {
      ...recordDraft('intent', ID),
      actor,
      source: { address: null, user_agent: '\u001b]0;owned\u0007' },
    };
    const text = [...told(evil), ...told({ ...draft, actor })].join('\n');
    expect(text).toContain(String.raw`Subject "kim of client evil\u{7}" of client "a \"b\" \\" (issuer corp)`);
    expect(text).toContain(String.raw`User-Agent "\u{1b}]0;owned\u{7}"`);
    expect(text).toContain(String.raw`"a\u{1b}[2J" settled it as accepted: "x\". Bob settled it\u{a}\u{202e}".`);
    // oxlint-disable-next-line no-control-regex -- the characters that must not be there
    expect(text.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u202e]/);
  });

  it('has at least one event for every kind of record, and only events of the list', () => {
    for (const kind of REQUEST_RECORD_KINDS) {
      for (const result of REQUEST_RESULTS) {
        const person = { person: 'Ann', note: 'seen' };
        const story = tellStory(
          ID,
          [lineOf(recordDraft(kind, ID, { result, first_request_id: OTHER, ...person }))],
          AUDITOR,
        );
        const isEnding = ['accepted', 'refused', 'not_sent', 'unknown'].includes(result);
        if (isEnding && !(kind === 'reconciliation' && result === 'unknown')) expect(story).not.toEqual([]);
        for (const { event, message } of story) {
          expect(STORY_EVENTS).toContain(event);
          expect(message).toMatch(/^["A-Z].*[."]$/);
          expect(message).not.toMatch(/undefined|null|NaN| {2}/);
        }
      }
    }
  });

  it('names the policy by the first digits of its digest', () => {
    expect(told(recordDraft('intent', ID))[1]).toContain(`sha256:${DIGEST.slice(0, 12)}…`);
  });
});
