import { describe, expect, it } from 'vitest';
import { createReadableLog } from '../../../dev/local-start/readable-log.ts';

function start() {
  const lines: string[] = [];
  const timers = new Set<() => void>();
  const log = createReadableLog({
    output: { line: (text) => void lines.push(text), write: async () => undefined, flush: async () => undefined },
    later(_delayMs, run) {
      timers.add(run);
      return () => timers.delete(run);
    },
    paint: (_style, text) => text,
  });
  return {
    lines,
    log,
    answer: (fields: object) =>
      log.line(`${JSON.stringify({ level: 'info', channel: 'ops', event: 'http_request', ...INVITE, ...fields })}\n`),
    record: (fields: object) =>
      log.write(`${JSON.stringify({ channel: 'audit', record: { ...RECORD, ...fields } })}\n`),
    passTime: () => {
      for (const run of timers) run();
    },
    timers,
  };
}

const INVITE = { request_id: 'r1', method: 'POST', route: '/v2/invite_users', status: 200 };
const RECORD = {
  kind: 'outcome',
  request_id: 'r1',
  actor: { client_id: 'hr-portal', subject: 'hr-portal', kind: 'app' },
  request: { emails: ['ann@acme.com'], email_count: 1 },
  policy: { verdict: 'allow', decisions: [{ decision: 'allow', rule: 'hr-staff', because: [], email_count: 1 }] },
  outcome: { result: 'accepted' },
};
const NO_RULE = { decision: 'deny', rule: null, because: ['no-rule'], email_count: 1 };

describe('the log of a local run', () => {
  it('has one line per invite: status, caller, addresses and why', async () => {
    const { lines, answer, record } = start();
    answer({ status: 403, code: 'policy_denied' });
    await record({
      kind: 'denial',
      request: { emails: ['ann@notacme.com'], email_count: 1 },
      policy: { verdict: 'deny', decisions: [NO_RULE] },
      outcome: { result: 'denied', code: 'policy_denied' },
    });
    expect(lines).toEqual(['403 POST /v2/invite_users hr-portal ann@notacme.com → no-rule\n']);
  });

  it('does not matter which comes first, answer or record', async () => {
    const { lines, answer, record, timers } = start();
    await record({});
    answer({});
    expect(lines).toEqual(['200 POST /v2/invite_users hr-portal ann@acme.com → accepted\n']);
    expect(timers.size).toBe(0);
  });

  it.each([
    [
      'a person',
      { actor: { client_id: 'hr-portal', subject: 'ann', kind: 'user' } },
      'hr-portal/ann ann@acme.com → accepted',
    ],
    [
      'what a problem is called',
      { outcome: { result: 'refused', code: 'upstream_refused' } },
      'hr-portal ann@acme.com → upstream_refused',
    ],
    ['a repeat', { kind: 'replay', outcome: { result: 'replayed' } }, 'hr-portal ann@acme.com → replayed'],
    [
      'a quota',
      { kind: 'denial', outcome: { result: 'denied', code: 'quota_exhausted', quota: 'app-day' } },
      'hr-portal ann@acme.com → quota app-day',
    ],
    [
      'a dry run, whose record has no addresses',
      { kind: 'dry_run', request: { email_count: 1 }, policy: { verdict: 'deny', decisions: [NO_RULE] }, outcome: {} },
      'hr-portal dry run → deny no-rule',
    ],
    [
      'both ends of a lenient invite, and no more than three addresses of each',
      {
        request: { emails: ['a@acme.com', 'b@acme.com', 'c@acme.com', 'd@acme.com', 'x@rival.io'], email_count: 5 },
        policy: {
          verdict: 'deny',
          decisions: [
            {
              decision: 'allow',
              rule: 'hr-staff',
              because: [],
              emails: ['a@acme.com', 'b@acme.com', 'c@acme.com', 'd@acme.com'],
              email_count: 4,
            },
            { decision: 'deny', rule: 'never-invite', because: ['domains'], emails: ['x@rival.io'], email_count: 1 },
          ],
        },
      },
      'hr-portal a@acme.com b@acme.com c@acme.com and 1 more → accepted; x@rival.io → never-invite (domains)',
    ],
  ])('names %s', async (_title, fields, expected) => {
    const { lines, answer, record } = start();
    answer({});
    await record(fields);
    expect(lines).toEqual([`200 POST /v2/invite_users ${expected}\n`]);
  });

  it('does not wait for a record that never comes', () => {
    const { lines, answer, timers } = start();
    answer({ method: 'GET', route: '/v2/invite_policy' });
    answer({ status: 401, code: 'invalid_token' });
    answer({ status: 422, code: 'invalid_request' });
    expect(lines).toEqual([
      '200 GET /v2/invite_policy\n',
      '401 POST /v2/invite_users → invalid_token\n',
      '422 POST /v2/invite_users → invalid_request\n',
    ]);
    expect(timers.size).toBe(0);
  });

  it('keeps the order of the answers, and waits no longer than for a moment', () => {
    const { lines, answer, passTime } = start();
    answer({ status: 409, code: 'idempotency_in_flight' });
    answer({ request_id: 'r2', method: 'GET', route: '/v2/invite_policy' });
    expect(lines).toEqual([]);
    passTime();
    expect(lines).toEqual(['409 POST /v2/invite_users → idempotency_in_flight\n', '200 GET /v2/invite_policy\n']);
  });

  it('loses no answer at the end', async () => {
    const { lines, answer, log } = start();
    answer({});
    await log.flush();
    expect(lines).toEqual(['200 POST /v2/invite_users\n']);
  });

  it('shows other events with their fields, and no control character of anyone', async () => {
    const { lines, log, answer, record } = start();
    log.line(
      `${JSON.stringify({ level: 'warn', channel: 'ops', event: 'cors_origin_refused', origin: 'https://a.example' })}\n`,
    );
    answer({});
    await record({ actor: { client_id: 'hr\u001b[31m', subject: 'x\n', kind: 'user' } });
    expect(lines[0]).toBe('cors_origin_refused origin=https://a.example\n');
    expect(lines[1]).toBe('200 POST /v2/invite_users hr\ufffd[31m/x\ufffd ann@acme.com → accepted\n');
  });

  it('ignores the records of changes and the intents before outcomes', async () => {
    const { lines, record } = start();
    await record({ kind: 'change' });
    await record({ kind: 'intent' });
    expect(lines).toEqual([]);
  });
});
