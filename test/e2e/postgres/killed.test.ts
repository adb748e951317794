import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { verifyChain } from '../../../src/audit/chain.ts';
import type { RequestRecord } from '../../../src/audit/record.ts';
import { clock, ids } from '../../../src/platform/node/runtime.ts';
import { readTrail } from '../../support/ledger/ledger.ts';
import { freshSchema, openTestLedger } from '../../support/postgres/postgres-ledger.ts';
import { startPostgres } from '../../support/postgres/postgres-server.ts';
import type { PostgresServer } from '../../support/postgres/postgres-server.ts';
import { startRunning } from '../running.ts';
import type { Running } from '../running.ts';

/**
 * `kill -9` of one of two replicas under load, again and again. KILL_ROUNDS=200 runs the full count:
 * `KILL_ROUNDS=200 npx vitest run --project e2e-servers test/e2e/postgres/killed.test.ts`.
 */
const ROUNDS = Number(process.env['KILL_ROUNDS'] ?? 4);
const AT_ONCE = 8;

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.remove());

it(
  'a replica that is killed leaves no invite without a record, none sent twice, and no intent open',
  { timeout: 120_000 + ROUNDS * 20_000 },
  async () => {
    const schema = freshSchema();
    const env = {
      LEDGER_URL: `postgres://postgres@127.0.0.1:${server.port}/postgres?schema=${schema}`,
      // An intent expires 30 s after this.
      GALILEO_TIMEOUT_MS: '1000',
    };
    const survivor = await startRunning(env);
    const token = await survivor.token();
    let next = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      const victim = await startRunning({ ...survivor.standIns.env, ...env });
      let answered = 0;
      let isOver = false;
      const load = async (replica: Running): Promise<void> => {
        while (!isOver) {
          // A connection that the kill has cut is an answer, too.
          const response = await replica.invite(`person-${next++}@acme.com`, token).catch(() => null);
          await response?.text().catch(() => '');
          answered += 1;
          if (response === null) return;
        }
      };
      const loads = [survivor, victim].flatMap((replica) => Array.from({ length: AT_ONCE }, () => load(replica)));
      // At another moment of its work in each round.
      const after = 20 + Math.floor(Math.random() * 60);
      while (answered < after) await delay(1);
      victim.child.kill('SIGKILL');
      await victim.exited;
      isOver = true;
      await Promise.all(loads);
    }

    const { ledger, close } = await openTestLedger(server.port, {
      clock,
      ids,
      schema,
      readClock: async () => clock.now(),
    });
    const open = async () =>
      (await ledger.list({ owner: null, before: null, limit: 1000 })).entries.filter(({ state }) => state === 'open');
    const untilMs = Date.now() + 60_000;
    while ((await open()).length > 0 && Date.now() < untilMs) await delay(500);
    expect(await open()).toEqual([]);

    const lines = await readTrail(ledger);
    await close();
    expect(verifyChain(lines).kind).toBe('intact');
    const records = lines.map((line) => JSON.parse(line) as RequestRecord);
    const recorded = new Set(
      records.filter(({ kind }) => kind === 'intent').flatMap(({ request }) => request.emails ?? []),
    );
    const sent = survivor.standIns.galileo.received
      .filter(({ method }) => method === 'POST')
      .flatMap(({ body }) => (JSON.parse(body) as { emails: string[] }).emails);
    expect(sent.length).toBeGreaterThan(ROUNDS * 10);
    expect(new Set(sent).size).toBe(sent.length);
    expect(sent.filter((email) => !recorded.has(email))).toEqual([]);
  },
);
