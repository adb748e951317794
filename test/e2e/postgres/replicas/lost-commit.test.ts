import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { RequestRecord } from '../../../../src/audit/record.ts';
import { verifyChain } from '../../../../src/audit/chain.ts';
import { clock, ids } from '../../../../src/platform/node/runtime.ts';
import { readTrail } from '../../../support/ledger/ledger.ts';
import { connectTo, freshSchema, openTestLedger } from '../../../support/postgres/postgres-ledger.ts';
import { startPostgres } from '../../../support/postgres/postgres-server.ts';
import type { PostgresServer } from '../../../support/postgres/postgres-server.ts';
import { startFaultProxy } from '../../../support/servers/fault-proxy.ts';
import type { FaultProxy } from '../../../support/servers/fault-proxy.ts';
import { startRunning } from '../../running.ts';
import type { Running } from '../../running.ts';

/**
 * A commit whose answer is lost in an outage that lasts longer than it is looked for. The caller is told that nothing was
 * sent, or that the outcome is not known, and either is true. Nothing is sent twice, also when the caller repeats.
 */
let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.remove());

interface Scene {
  readonly service: Running;
  readonly proxy: FaultProxy;
  readonly invite: () => Promise<Response>;
  /** From then on the database can be reached again. */
  readonly recover: () => void;
  readonly sent: () => number;
  readonly records: () => Promise<readonly RequestRecord[]>;
  /** Moves the ledger's intents to the end of their time. */
  readonly expireIntents: () => Promise<void>;
}

async function startScene(): Promise<Scene> {
  const proxy = await startFaultProxy({ host: '127.0.0.1', port: server.port });
  onTestFinished(() => proxy.close());
  const schema = freshSchema();
  const service = await startRunning({
    LEDGER_URL: `postgres://postgres@127.0.0.1:${proxy.port}/postgres?schema=${schema}`,
  });
  const token = await service.token();
  return {
    service,
    proxy,
    invite: () =>
      fetch(`http://127.0.0.1:${service.port}/v2/invite_users`, {
        method: 'POST',
        headers: {
          ...{ Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
          'Idempotency-Key': 'order-66-attempt-1',
        },
        body: JSON.stringify({ emails: ['ann@acme.com'], auth_method: 'okta' }),
      }),
    recover: () => proxy.retarget(server.port),
    sent: () => service.standIns.galileo.received.filter(({ method }) => method === 'POST').length,
    async records() {
      const { ledger, close } = await openTestLedger(server.port, {
        ...{ clock, ids, schema, readClock: async () => clock.now() },
      });
      const lines = await readTrail(ledger);
      await close();
      expect(verifyChain(lines).kind).toBe('intact');
      return lines.map((line) => JSON.parse(line) as RequestRecord).filter(({ request_id: id }) => id !== undefined);
    },
    async expireIntents() {
      const connections = connectTo(server.port, 1);
      const connection = await connections.connect();
      await connection.run(`UPDATE ${schema}.requests SET expires_at = 1 WHERE state = 'open'`);
      connection.release();
      await connections.close();
    },
  };
}

const kinds = (records: readonly RequestRecord[]): readonly string[] => records.map(({ kind }) => kind);
/** The server's answer to a commit. */
const COMMITTED = 'COMMIT\0';

describe('the lost commit of an intent', () => {
  it('is a 503 with nothing sent, then on record as not sent, and a repeat is sent once', async () => {
    const { proxy, invite, recover, sent, records, service } = await startScene();
    proxy.order('outage_after', '"kind":"intent"', COMMITTED);
    const refused = await invite();
    expect(proxy.struck).toBe(1);
    expect(refused.status).toBe(503);
    expect(await refused.json()).toMatchObject({ code: 'ledger_unavailable', origin: 'proxy' });
    expect(sent()).toBe(0);

    recover();
    // It was committed. The first batch that the server takes again says what became of it.
    expect((await invite()).status).toBe(200);
    expect((await invite()).headers.get('Idempotency-Replayed')).toBe('true');
    expect(sent()).toBe(1);
    expect((await service.line(({ event }) => event === 'intent_withdrawn'))['request_id']).toBe(
      refused.headers.get('X-Request-Id'),
    );
    const found = await records();
    expect(kinds(found)).toEqual(['intent', 'outcome', 'intent', 'outcome', 'replay']);
    expect(found[1]).toMatchObject({
      request_id: refused.headers.get('X-Request-Id'),
      outcome: { result: 'not_sent', reason: 'unconfirmed', status: 503 },
    });
  });

  it('that the server never had is a 503, and a repeat is sent once', async () => {
    const { proxy, invite, recover, sent, records } = await startScene();
    proxy.order('outage_before', '"kind":"intent"');
    const refused = await invite();
    expect(proxy.struck).toBe(1);
    expect(refused.status).toBe(503);
    expect(sent()).toBe(0);
    recover();
    expect(kinds(await records())).toEqual([]);
    expect((await invite()).status).toBe(200);
    expect((await invite()).headers.get('Idempotency-Replayed')).toBe('true');
    expect(sent()).toBe(1);
    expect(kinds(await records())).toEqual(['intent', 'outcome', 'replay']);
  });
});

describe('the lost commit of an outcome', () => {
  it('is a 504 after one send, and a repeat replays what was committed', async () => {
    const { proxy, invite, recover, sent, records } = await startScene();
    proxy.order('outage_after', '"kind":"outcome"', COMMITTED);
    const answered = await invite();
    expect(proxy.struck).toBe(1);
    expect(answered.status).toBe(504);
    expect(await answered.json()).toMatchObject({ code: 'outcome_unknown', origin: 'proxy', outcome: 'unknown' });
    expect(sent()).toBe(1);
    recover();
    expect(kinds(await records())).toEqual(['intent', 'outcome']);
    const repeated = await invite();
    expect(repeated.status).toBe(200);
    expect(repeated.headers.get('Idempotency-Replayed')).toBe('true');
    expect(sent()).toBe(1);
  });

  it('that the server never had is a 504, becomes unknown, and is not sent again', async () => {
    const { proxy, invite, recover, sent, expireIntents, service } = await startScene();
    proxy.order('outage_before', '"kind":"outcome"');
    const answered = await invite();
    expect(proxy.struck).toBe(1);
    expect(answered.status).toBe(504);
    expect(sent()).toBe(1);
    // The last attempt may outlive the answer, and would be written.
    await service.line(({ event, retry_in_ms: next }) => event === 'ledger_settle_failed' && next === null);
    recover();
    expect((await invite()).status).toBe(409);
    await expireIntents();
    await service.line(({ record }) => record?.kind === 'outcome' && record.outcome.result === 'unknown');
    expect((await invite()).status).toBe(504);
    expect(sent()).toBe(1);
  });
});
