/**
 * GET /audit/status: where the trail is and how far it is proven, for the audit team: its ends, the last checkpoint, what the
 * verification found, how far each sink is behind, and which policy decides now. It is not for operators, who see reasons
 * on OPS_PORT: nothing here names a collector, a failure of one, a key or a setting. It gives out nothing of a record, so
 * it is not counted as a read.
 */
import type { Context } from 'hono';
import type { Deps } from '../../deps.ts';
import type { ChainState } from '../../ledger/chain-state.ts';
import type { SinkBacklog } from '../../ledger/port.ts';
import { rfc3339 } from '../../lib/rfc3339.ts';
import type { AppEnv } from '../../middleware/app-env.ts';
import { respondJson } from '../../middleware/answers/respond.ts';
import { readQuery } from '../query.ts';
import { readLedger } from '../read-ledger.ts';

export type StatusDeps = Pick<Deps, 'ledger' | 'clock' | 'trailFault' | 'settings'>;

export async function auditStatus(c: Context<AppEnv>, deps: StatusDeps): Promise<Response> {
  const query = readQuery(c, {});
  if (query.kind === 'refused') return query.response;
  const { ledger, clock, settings } = deps;
  return await readLedger(
    c,
    () => Promise.all([ledger.chain(), ledger.backlog(settings.auditSinks)]),
    ([chain, backlogs]) =>
      respondJson(c, {
        policy_digest: c.get('policy').digest,
        ...describeChain(chain, deps),
        sinks: backlogs.map((backlog) => describeSink(backlog, clock.now())),
      }),
  );
}

function describeChain(chain: ChainState, { trailFault }: Pick<StatusDeps, 'trailFault'>): object {
  const { base, head, checkpoint } = chain;
  const fault = chain.fault ?? trailFault?.() ?? null;
  return {
    dropped_to: base.seq,
    last_seq: head.seq,
    head: head.hash,
    // A checkpoint is made only when every record up to it was verified.
    verified_to: checkpoint?.count ?? base.seq,
    checkpoint: checkpoint === null ? null : { count: checkpoint.count, made_at: rfc3339(checkpoint.madeAt) },
    fault: fault === null ? null : { seq: fault.seq, reason: fault.reason },
  };
}

function describeSink({ sink, records, oldestAt }: SinkBacklog, nowMs: number): object {
  const lagMs = oldestAt === null ? 0 : Math.max(0, nowMs - oldestAt);
  return { sink, backlog_records: records, lag_s: Math.round(lagMs / 1000) };
}
