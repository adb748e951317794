/** Sending a list from the console: whose it is, how long it may be continued, and a browser that keeps nothing. */
import { expect, it } from 'vitest';
import type { BatchPlan, InvitePolicy } from 'galileo-invite-client';
import { createInviteClient, planBatches } from 'galileo-invite-client';
import type { Run } from '../../../console/src/views/invite/send/run.ts';
import { SessionExpired } from '../../../console/src/session/session.ts';
import { createRun } from '../../../console/src/views/invite/send/run.ts';
import type { Browser } from '../../support/browser.ts';
import { openBrowser } from '../../support/browser.ts';

const POLICY = { digest: 'sha256:0', rules: [], forced: [], limits: [], quotas: [] } as unknown as InvitePolicy;
const PLAN: BatchPlan = planBatches(['ann@acme.example'], POLICY, { request: {}, lenient: true });
const SIX_DAYS_MS = 6 * 86_400_000;

interface Options {
  readonly isOfSamePerson: boolean;
  readonly isFull: boolean;
  readonly ageMs: number;
  readonly isBegun: boolean;
  readonly token: () => Promise<string>;
  readonly onExpired: () => void;
}

interface Opened {
  readonly run: Run;
  readonly browser: Browser;
  /** The idempotency keys that the service was asked with. */
  readonly sent: readonly (string | null)[];
}

function open({
  isOfSamePerson = true,
  isFull = false,
  ageMs = 0,
  isBegun = true,
  token = async () => 'token',
  onExpired = () => undefined,
}: Partial<Options> = {}): Opened {
  const sent: (string | null)[] = [];
  const run = { plan: PLAN, results: [], isSending: true, startedAtMs: Date.now() - ageMs };
  const browser = openBrowser({
    url: 'https://invites.acme.example/console',
    kept: isBegun ? { 'invite-console.run': run } : {},
    isFull,
    async fetch(_url, init) {
      sent.push(new Headers(init.headers).get('Idempotency-Key'));
      return Response.json({ message: 'ok' });
    },
  });
  const client = createInviteClient({ url: '/', token, patienceMs: 1_000 });
  return { run: createRun({ client, onExpired, isOfSamePerson }), browser, sent };
}

const done = (run: Run) => expect.poll(() => run.phase.value).toEqual({ kind: 'done' });

it('a list that was on its way goes on by itself, with the key of before', async () => {
  const { run, sent } = open();
  await done(run);
  expect(sent).toEqual(PLAN.batches.map(({ idempotencyKey }) => idempotencyKey));
});

it('where the tab cannot tell people apart, it waits for the person', async () => {
  const { run, sent } = open({ isOfSamePerson: false });
  expect(run.phase.value).toEqual({ kind: 'paused', why: 'interrupted' });
  expect(sent).toEqual([]);
  run.resume();
  await done(run);
  expect(sent).toHaveLength(1);
});

it.each([true, false])('a list that is older than the service keeps keys is not continued (%s: by itself)', (alone) => {
  const { run, sent } = open({ ageMs: SIX_DAYS_MS + 60_000, isOfSamePerson: alone });
  run.resume();
  expect(run.phase.value).toEqual({ kind: 'paused', why: 'outdated' });
  expect(sent).toEqual([]);
});

it('a list that the browser cannot keep is sent, and the page asks before it is left meanwhile', async () => {
  const { run, browser } = open({ isBegun: false, isFull: true });
  expect(browser.asksBeforeLeaving()).toBe(false);
  run.start(PLAN);
  expect([run.isKept.value, browser.asksBeforeLeaving()]).toEqual([false, true]);
  await done(run);
  expect(browser.asksBeforeLeaving()).toBe(false);
});

it('a list that is kept may be left', async () => {
  const { run, browser } = open({ isBegun: false });
  run.start(PLAN);
  expect([run.isKept.value, browser.asksBeforeLeaving()]).toEqual([true, false]);
  await done(run);
});

it('asks to sign in when the person sends, and not again when a new sign-in does not help', async () => {
  const token = async (): Promise<string> => {
    throw new SessionExpired();
  };
  let asked = 0;
  const onExpired = (): void => void (asked += 1);
  const interrupted = (run: Run) => expect.poll(() => run.phase.value).toEqual({ kind: 'paused', why: 'interrupted' });
  // Back from a sign-in: the list goes on by itself.
  const { run } = open({ token, onExpired });
  await interrupted(run);
  expect(asked).toBe(0);
  run.resume();
  await expect.poll(() => asked).toBe(1);
  await interrupted(run);
});

it('what another version of the page has kept stops nothing', async () => {
  const kept = { plan: { request: {} }, results: [], isSending: true, startedAtMs: Date.now() };
  openBrowser({
    ...{ url: 'https://invites.acme.example/console', kept: { 'invite-console.run': kept } },
    fetch: async () => Response.json({ message: 'ok' }),
  });
  const client = createInviteClient({ url: '/', token: () => 'token' });
  const run = createRun({ client, onExpired: () => undefined, isOfSamePerson: true });
  expect(run.phase.value).toBeNull();
});
