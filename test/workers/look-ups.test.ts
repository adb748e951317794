import { createExecutionContext } from 'cloudflare:test';
import { describe, expect, it } from 'vitest';
import { POLICY, startWhole, until } from './whole-worker.ts';
import type { WholeWorker } from './whole-worker.ts';

/** GALILEO_LOOKUPS=on on Workers: an isolate has no loop, and may await nothing that another request began. */
const ID = '9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d';
const WITH_GROUP = { ...POLICY, rules: [{ ...POLICY.rules[0], groups: [ID] }] };
const MINUTE_MS = 60_000;
const answerWith = (name: string) => async () =>
  Response.json({ groups: [{ id: ID, name }], next_starting_token: null, paginated: false });

let locations = 0;

/** Isolates of one location and deployment. Those of another test have another Galileo, so they share nothing. */
function location(changes: Record<string, unknown> = {}) {
  locations += 1;
  const galileo = `https://api-${locations}.example.com`;
  return async (): Promise<WholeWorker> => {
    const settings = { GALILEO_LOOKUPS: 'on', GALILEO_API_URL: galileo, ...changes };
    const whole = await startWhole(settings, WITH_GROUP);
    whole.upstream.groups = answerWith('Annotators');
    return whole;
  };
}

async function namesOf({ ask, token }: WholeWorker): Promise<readonly [name: unknown, state: unknown]> {
  const response = await ask('/v2/invite_policy', { headers: { Authorization: `Bearer ${await token()}` } });
  expect(response.status).toBe(200);
  const { rules, group_names: state } = await response.json<{
    rules: { groups: { name: unknown }[] }[];
    group_names?: unknown;
  }>();
  return [rules[0]?.groups[0]?.name, state];
}

const events = ({ lines }: WholeWorker, event: string): string[] =>
  lines.filter((line) => line.includes(`"event":"${event}"`));

/** Asks until the look-up behind an earlier answer has ended. */
async function untilNames(whole: WholeWorker, name: unknown): Promise<void> {
  expect(await until(async () => (await namesOf(whole))[0] === name)).toBe(true);
}

async function runCron({ worker, bindings }: WholeWorker): Promise<void> {
  const controller = { scheduledTime: 0, cron: '* * * * *', noRetry: () => undefined };
  await worker.scheduled?.(controller, bindings, createExecutionContext());
}

describe('an isolate with look-ups', () => {
  it('answers at once without names, looks up behind that answer, and has the names then', async () => {
    const whole = await location()();
    expect(await namesOf(whole)).toEqual([null, 'unavailable']);
    await untilNames(whole, 'Annotators');
    expect(await namesOf(whole)).toEqual(['Annotators', 'looked_up']);
    for (let n = 0; n < 10; n += 1) await namesOf(whole);
    expect(whole.upstream.lookUps).toHaveLength(1);
  });

  it('shares the look-up with the isolates of its location', async () => {
    const isolate = location();
    const first = await isolate();
    await namesOf(first);
    await untilNames(first, 'Annotators');
    const second = await isolate();
    second.upstream.groups = () => Promise.reject(new Error('is not asked'));
    await untilNames(second, 'Annotators');
    expect([first.upstream.lookUps.length, second.upstream.lookUps.length]).toEqual([1, 0]);
  });

  it('answers, and sends invites, while a look-up of another request never ends', async () => {
    const whole = await location()();
    whole.upstream.groups = async () => await new Promise<never>(() => undefined);
    expect(await namesOf(whole)).toEqual([null, 'unavailable']);
    expect((await whole.invite('slow@acme.com')).status).toBe(200);
    expect(await namesOf(whole)).toEqual([null, 'unavailable']);
    expect(whole.upstream.lookUps).toHaveLength(1);
  });

  it.each<readonly [name: string, answer: () => Promise<Response>]>([
    ['down', async () => await Promise.reject<Response>(new Error('connection refused'))],
    ['an error', async () => new Response('no', { status: 503 })],
    ['a web page', async () => new Response('<h1>Sign in</h1>', { headers: { 'content-type': 'text/html' } })],
    ['redirected', async () => new Response(null, { status: 302, headers: { location: 'https://elsewhere.example' } })],
    ['huge', async () => new Response(' '.repeat(600 * 1024))],
    [
      'one that repeats the key',
      async () => Response.json({ groups: [{ id: ID, name: 'test-key-0f3c9a7e5b1d2468' }] }),
    ],
  ])('leaves invites as they are when the look-up is %s, and asks again a minute later', async (name, answer) => {
    const whole = await location()();
    whole.clock.stop();
    whole.upstream.groups = answer;
    const before = await (await whole.invite(`before-${name.replaceAll(' ', '-')}@acme.com`)).text();
    await namesOf(whole);
    expect(await until(() => events(whole, 'group_look_up_failed').length > 0)).toBe(true);
    const invited = await whole.invite(`after-${name.replaceAll(' ', '-')}@acme.com`);
    expect([invited.status, await invited.text()]).toEqual([200, before]);
    expect(await namesOf(whole)).toEqual([null, 'unavailable']);
    expect(whole.lines.join('\n')).not.toContain('test-key-0f3c9a7e5b1d2468');
    whole.upstream.groups = answerWith('Annotators');
    await namesOf(whole);
    expect(whole.upstream.lookUps).toHaveLength(1);
    whole.clock.advance(MINUTE_MS);
    await untilNames(whole, 'Annotators');
  });
});

describe('the cron trigger with look-ups', () => {
  it('looks up where no caller asks, reports a missing group once for the location, and writes the level', async () => {
    const levels: string[] = [];
    const METRICS = {
      writeDataPoint({ blobs, doubles }: { readonly blobs: string[]; readonly doubles: number[] }) {
        if (blobs[0] === 'groups_missing') levels.push(String(doubles[0]));
      },
    };
    const isolate = location({ METRICS });
    const runs: string[] = [];
    for (let n = 0; n < 3; n += 1) {
      const whole = await isolate();
      whole.upstream.groups = async () => Response.json({ groups: [] });
      whole.clock.advance(n * 10 * MINUTE_MS);
      await runCron(whole);
      await runCron(whole);
      runs.push(`${whole.upstream.lookUps.length} ${events(whole, 'policy_groups_missing').length}`);
    }
    expect(runs).toEqual(['1 1', '1 0', '1 0']);
    expect(levels).toEqual(['1', '1', '1']);
  });

  it('does its other work although the look-up is down', async () => {
    const whole = await location()();
    whole.upstream.groups = async () => await Promise.reject<Response>(new Error('connection refused'));
    await runCron(whole);
    expect(events(whole, 'recurring_task_failed')).toEqual([]);
    expect(events(whole, 'group_look_up_failed')).toHaveLength(1);
  });
});

describe('an isolate without look-ups', () => {
  it('asks for nothing, and its answer has no member about names', async () => {
    const whole = await location({ GALILEO_LOOKUPS: 'off' })();
    expect(await namesOf(whole)).toEqual([null, undefined]);
    await runCron(whole);
    expect(whole.upstream.lookUps).toEqual([]);
  });
});
