import pg from 'pg';
import { PostgresError } from '../../../../ledger/postgres/postgres-port.ts';
import type { PostgresConnection, PostgresPort } from '../../../../ledger/postgres/postgres-port.ts';

/**
 * The PostgreSQL port on `pg`: a bounded pool of connections. Each connection sends its statements without waiting for
 * the answers of earlier ones, so that statements that are not awaited share a round trip. Statements have no names, so
 * a pooler in transaction mode may stand in between. A statement whose answer does not come in time ends its connection.
 */
export interface ConnectionsOptions {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  /** Asked for each new connection; null: none is sent. */
  readonly password: () => Promise<string | null>;
  /** False: without TLS. */
  readonly ssl: pg.ClientConfig['ssl'];
  /** Awaited before each new connection. Never rejects. */
  readonly beforeConnect?: () => Promise<void>;
  /** At most MOST_FOR_WRITING of them are for what writes, and the others for readers. One: each has one. */
  readonly maxConnections: number;
}

/** A batch uses one. Acknowledgements, checkpoints and sign-ins wait for the same row, so more would not help. */
const MOST_FOR_WRITING = 4;

export interface Connections extends PostgresPort {
  /** Closes all connections, also those that are in use. */
  close(): Promise<void>;
}

const CONNECT_TIMEOUT_MS = 3_000;
/** Longer than the limits inside a transaction: by then the connection is dead. */
const ANSWER_MS = 6_000;
const IDLE_MS = 60_000;

/**
 * A client that failed to connect closes its connection. `pg` leaves it open where the failure is this side's, for example a
 * password file that cannot be read: the server then waits a minute for the rest of the sign-in, and so does a process that ends.
 */
class ClosingClient extends pg.Client {
  override connect(): Promise<pg.Client>;
  override connect(callback: OnConnect): void;
  override connect(callback?: OnConnect): Promise<pg.Client> | void {
    if (callback === undefined) return super.connect();
    super.connect((error: Error | null) => {
      if (error !== null) void this.end();
      (callback as (error: Error | null, client: pg.Client) => void)(error, this);
    });
  }
}
type OnConnect = ((error: Error) => void) | ((error: null, client: pg.Client) => void);

const INT8 = 20;
/** Sequence numbers and times are below 2^53. A larger one was put there: it would be read as another one. */
function exactNumber(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value)) return value;
  throw new DamagedNumberError();
}

const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    oid === INT8
      ? exactNumber
      : (pg.types.getTypeParser as (id: number, form?: string) => unknown)(oid, format)) as never,
};

export function createConnections({
  host,
  port,
  database,
  user,
  password,
  ssl,
  beforeConnect = async () => undefined,
  maxConnections,
}: ConnectionsOptions): Connections {
  const forWriting = Math.min(MOST_FOR_WRITING, Math.ceil(maxConnections / 2));
  class Client extends ClosingClient {
    override connect(): Promise<pg.Client>;
    override connect(callback: OnConnect): void;
    override connect(callback?: OnConnect): Promise<pg.Client> | void {
      const prepared = beforeConnect();
      if (callback === undefined) return prepared.then(() => super.connect());
      const connect = async (): Promise<void> => {
        await prepared;
        super.connect(callback);
      };
      void connect();
    }
  }

  const pools = { write: poolOf(forWriting), read: poolOf(Math.max(1, maxConnections - forWriting)) };

  function poolOf(max: number): pg.Pool {
    const pool = new pg.Pool({
      ...{ host, port, database, user, ssl, types, Client },
      // An empty password is not sent, and not looked for in the environment or in a file either.
      password: async () => (await password()) ?? '',
      application_name: 'galileo-invite-proxy',
      pipeline: true,
      max,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      idleTimeoutMillis: IDLE_MS,
      keepAlive: true,
      allowExitOnIdle: true,
    });
    // An idle connection was closed by the server: the next one is opened when it is needed.
    pool.on('error', () => undefined);
    return pool;
  }

  return {
    async connect({ use = 'write', answerMs = ANSWER_MS } = {}) {
      try {
        return connectionOn(await pools[use].connect(), answerMs);
      } catch (error) {
        throw postgresError(error, 'rolled_back');
      }
    },
    async close() {
      await Promise.all([pools.write.end(), pools.read.end()]);
    },
  };
}

function connectionOn(client: pg.PoolClient, answerMs: number): PostgresConnection {
  let isCommitting = false;
  let isReleased = false;
  let hasFailed = false;
  /** Of the transaction. Statements that travel together all fail behind it, and each of them says only that. */
  let cause: PostgresError | null = null;
  /** What ended the session while no statement was under way: those behind it say only that there is no connection. */
  let ending: unknown = null;
  const onError = (error: unknown): void => {
    hasFailed = true;
    ending ??= error;
  };
  client.on('error', onError);
  /**
   * A commit that somebody cancels while it waits for a synchronous standby ends as committed, with a warning: it is on the
   * disk of this server alone. To be looked for, as one whose answer was lost: that waits for the standby again.
   */
  let isInDoubt = false;
  const onNotice = ({ routine }: { readonly routine?: string | undefined }): void => {
    isInDoubt ||= routine === WAIT_FOR_STANDBYS;
  };
  client.on('notice', onNotice);

  async function send(sql: string, values: readonly unknown[]): Promise<pg.QueryResult> {
    try {
      return await client.query({ text: sql, values: [...values], query_timeout: answerMs } as pg.QueryConfig);
    } catch (error) {
      hasFailed = true;
      const reason = error instanceof pg.DatabaseError ? error : (ending ?? error);
      const failure = postgresError(reason, isCommitting ? 'unknown' : 'rolled_back');
      if (failure.sqlState === IN_FAILED_TRANSACTION && cause !== null) throw cause;
      cause ??= failure;
      throw failure;
    }
  }

  function end(isBroken: boolean): void {
    if (isReleased) return;
    isReleased = true;
    client.off('error', onError);
    client.off('notice', onNotice);
    client.release(isBroken);
  }

  return {
    async run<R extends object>(sql: string, ...params: readonly unknown[]) {
      return (await send(sql, params)).rows as readonly R[];
    },
    async commit() {
      isCommitting = true;
      const { command } = await send('COMMIT', []);
      isCommitting = false;
      // The server answers so when a statement before has failed.
      if (command !== 'COMMIT') throw cause ?? new PostgresError(IN_FAILED_TRANSACTION, 'rolled_back');
      if (isInDoubt) throw new PostgresError(null, 'unknown', { cause: new UnconfirmedCommitError() });
    },
    release: () => end(hasFailed),
    destroy: () => end(true),
  };
}

/** A stored number is none that this program writes. */
export class DamagedNumberError extends Error {
  override readonly name = 'DamagedNumberError';
}

/** The function of the server that warns; the text of its warning is in the language of the server. */
const WAIT_FOR_STANDBYS = 'SyncRepWaitForLSN';

/** The server has committed, and says that its standbys may not have it. */
export class UnconfirmedCommitError extends Error {
  override readonly name = 'UnconfirmedCommitError';
}

const IN_FAILED_TRANSACTION = '25P02';
const SQLSTATE = /^[0-9A-Z]{5}$/;

/**
 * An ERROR of the server has rolled the transaction back. A server that ends the session (FATAL) may have committed before,
 * and so may one that does not answer: then it depends on what had been sent.
 */
export function postgresError(error: unknown, fateOfLost: PostgresError['fate']): PostgresError {
  const answer = error instanceof pg.DatabaseError ? error : null;
  const sqlState = answer?.code !== undefined && SQLSTATE.test(answer.code) ? answer.code : null;
  return new PostgresError(sqlState, answer?.severity === 'ERROR' ? 'rolled_back' : fateOfLost, { cause: error });
}
