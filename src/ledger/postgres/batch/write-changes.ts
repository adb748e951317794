import type { PostgresValue, Run } from '../postgres-port.ts';
import type { MinuteTable, SetChanges } from './working-set.ts';

/**
 * Writes what a batch has changed: a statement for each table, all in one round trip with the commit behind them. Rows
 * that are removed are removed first, because the batch may have written them anew.
 */
export function writeChanges(run: Run, changes: SetChanges, nowMs: number): Promise<unknown> {
  return Promise.all([
    ...(['suppressions', 'reads'] as const).map((table) => writeMinutes(run, table, changes)),
    freeKeys(run, changes),
    insert(run, 'owners (owner, issuer, client_id, subject)', changes.owners, (row) => [
      ...[row.owner, row.issuer, row.clientId, row.subject],
    ]),
    insert(run, 'records (seq, line, owner, request_id)', changes.records, (row) => [
      ...[row.seq, row.line, row.owner, row.requestId],
    ]),
    insert(run, 'clock_steps (seq)', changes.clockSteps, (seq) => [seq]),
    insert(
      run,
      `requests (owner, request_id, state, admitted_at, expires_at, settled_at, settled_by, decided_seq, outcome_seq, key_scope,
         look_at, looks, debits, body)`,
      [...changes.newRequests.values()],
      ({ row, admittedAt, settledAt, body }) => [
        ...[
          row.owner,
          row.request_id,
          row.state,
          admittedAt,
          row.expires_at,
          settledAt,
          row.settled_by,
          row.decided_seq,
        ],
        ...[row.outcome_seq, row.key_scope, row.look_at, row.looks, row.debits, body],
      ],
    ),
    updateRequests(run, changes),
    insert(
      run,
      'further_records (request_id, is_replay, seq)',
      changes.further,
      ({ requestId, kind, seq }) => [requestId, kind === 'replay' ? 1 : 0, seq],
      'ON CONFLICT DO NOTHING',
    ),
    insert(
      run,
      'keys (scope, request_id, fingerprint, seq)',
      [...changes.keys.values()],
      (key) => [key.scope, key.requestId, key.fingerprint, key.seq],
      `ON CONFLICT (scope) DO UPDATE SET
         request_id = excluded.request_id, fingerprint = excluded.fingerprint, seq = excluded.seq`,
    ),
    insert(
      run,
      'replies (seq, scope, keep_until, reply)',
      [...changes.replies.values()],
      (reply) => [reply.seq, reply.scope, reply.keepUntil, reply.reply],
      'ON CONFLICT (seq) DO UPDATE SET keep_until = excluded.keep_until, reply = excluded.reply',
    ),
    writeCounters(run, changes),
    writePolicies(run, changes),
    writeHead(run, changes, nowMs),
  ]);
}

/** A statement has at most 65,535 parameters. */
const MAX_PARAMETERS = 60_000;

/** Each value is a parameter of its own: long texts are not escaped into arrays. */
async function insert<T>(
  run: Run,
  into: string,
  rows: readonly T[],
  valuesOf: (row: T) => readonly PostgresValue[],
  suffix = '',
): Promise<void> {
  const values = rows.map(valuesOf);
  const width = values[0]?.length ?? 1;
  const together = Math.floor(MAX_PARAMETERS / width);
  const statements: Promise<unknown>[] = [];
  for (let from = 0; from < values.length; from += together) {
    const some = values.slice(from, from + together);
    const places = some.map(
      (_, row) => `(${Array.from({ length: width }, (__, n) => `$${row * width + n + 1}`).join(',')})`,
    );
    statements.push(run(`INSERT INTO ${into} VALUES ${places.join(',')} ${suffix}`, ...some.flat()));
  }
  await Promise.all(statements);
}

async function updateRequests(run: Run, { requests }: SetChanges): Promise<void> {
  const all = [...requests.values()];
  if (all.length === 0) return;
  await run(
    // What is kept for the outcome alone goes with it.
    `UPDATE requests SET state = changed.state, settled_by = changed.settled_by, outcome_seq = changed.outcome_seq,
       look_at = changed.look_at, looks = changed.looks, settled_at = coalesce(changed.settled_at, requests.settled_at),
       debits = CASE WHEN changed.state IN ('open', 'unknown') THEN requests.debits ELSE '[]' END,
       body = CASE WHEN changed.state IN ('open', 'unknown') THEN requests.body END
     FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::int[], $7::bigint[])
       AS changed (request_id, state, settled_by, outcome_seq, look_at, looks, settled_at)
     WHERE requests.request_id = changed.request_id`,
    all.map(({ row }) => row.request_id),
    all.map(({ row }) => row.state),
    all.map(({ row }) => row.settled_by),
    all.map(({ row }) => row.outcome_seq),
    all.map(({ row }) => row.look_at),
    all.map(({ row }) => row.looks),
    all.map(({ settledAt }) => settledAt),
  );
}

async function freeKeys(run: Run, { freedKeys, droppedReplies }: SetChanges): Promise<void> {
  if (droppedReplies.size === 0 && freedKeys.length === 0) return;
  await Promise.all([
    run(`DELETE FROM replies WHERE seq = ANY($1::bigint[])`, [...droppedReplies]),
    run(
      `DELETE FROM keys USING unnest($1::text[], $2::text[]) AS freed (scope, request_id)
       WHERE keys.scope = freed.scope AND keys.request_id = freed.request_id`,
      freedKeys.map(({ scope }) => scope),
      freedKeys.map(({ requestId }) => requestId),
    ),
  ]);
}

/** Counters change under the lock of the head row only, so the new count is written, and not the difference. */
async function writeCounters(run: Run, { counters, refunds }: SetChanges): Promise<void> {
  const all = [...counters];
  const returned = [...refunds.values()];
  const columns = (rows: readonly (typeof all)[number][] | typeof returned): PostgresValue[] => [
    rows.map(({ windowEnd }) => windowEnd),
    rows.map(({ windowMs }) => windowMs),
    rows.map(({ quota }) => quota),
    rows.map(({ unit }) => unit),
    rows.map(({ counter }) => counter),
  ];
  const unnested = `unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::bigint[])`;
  await Promise.all([
    all.length > 0 &&
      run(
        `INSERT INTO counters (window_end, window_ms, quota, unit, counter, used) SELECT * FROM ${unnested}
         ON CONFLICT (window_end, window_ms, quota, unit, counter) DO UPDATE SET used = excluded.used`,
        ...columns(all),
        all.map(({ used }) => used),
      ),
    returned.length > 0 &&
      run(
        `UPDATE counters SET used = greatest(0, used - amount)
         FROM ${unnested} AS returned (window_end, window_ms, quota, unit, counter, amount)
         WHERE counters.window_end = returned.window_end AND counters.window_ms = returned.window_ms
           AND counters.quota = returned.quota AND counters.unit = returned.unit AND counters.counter = returned.counter`,
        ...columns(returned),
        returned.map(({ amount }) => amount),
      ),
  ]);
}

async function writeMinutes(run: Run, table: MinuteTable, { minutes, takenMinutes }: SetChanges): Promise<void> {
  const taken = takenMinutes[table];
  await Promise.all([
    taken.length > 0 &&
      run(
        `DELETE FROM ${table} USING unnest($1::bigint[], $2::text[]) AS taken (window_end, scope)
         WHERE ${table}.window_end = taken.window_end AND ${table}.scope = taken.scope`,
        taken.map(({ window_end: windowEnd }) => windowEnd),
        taken.map(({ scope }) => scope),
      ),
    insert(
      run,
      `${table} (window_end, scope, minute)`,
      [...minutes[table].values()],
      ({ window_end: windowEnd, scope, minute }) => [windowEnd, scope, minute],
      'ON CONFLICT (window_end, scope) DO UPDATE SET minute = excluded.minute',
    ),
  ]);
}

async function writePolicies(run: Run, { policies, policyUses, lastChanges }: SetChanges): Promise<void> {
  await Promise.all([
    insert(run, 'policies (digest, document)', policies, ({ digest, document }) => [digest, document]),
    insert(
      run,
      'policy_uses (digest, last_seq)',
      policies,
      ({ digest, seq }) => [digest, seq],
      'ON CONFLICT (digest) DO NOTHING',
    ),
    policyUses.size > 0 &&
      run(
        // Nothing for a policy that is not kept.
        `UPDATE policy_uses SET last_seq = greatest(policy_uses.last_seq, used.last_seq)
         FROM unnest($1::text[], $2::bigint[]) AS used (digest, last_seq) WHERE policy_uses.digest = used.digest`,
        [...policyUses.keys()],
        [...policyUses.values()],
      ),
    insert(
      run,
      'last_changes (subject, value, earlier, changed_at)',
      [...lastChanges],
      ([subject, row]) => [subject, row.value, row.earlier, row.changed_at],
      'ON CONFLICT (subject) DO UPDATE SET value = excluded.value, earlier = excluded.earlier, changed_at = excluded.changed_at',
    ),
  ]);
}

function writeHead(run: Run, { head: after }: SetChanges, nowMs: number): Promise<unknown> {
  return run(
    `UPDATE head SET seq = $1, hash = $2, recorded_ms = $3, policy_digest = $4, last_owner = $5,
       clock_ms = greatest(clock_ms, $6) WHERE id = 1`,
    ...[after.head.seq, after.head.hash, after.recordedMs, after.policyDigest, after.lastOwner, nowMs],
  );
}
