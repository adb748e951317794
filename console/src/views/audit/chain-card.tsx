import type { AuditStatus } from 'galileo-invite-client/audit';
import { Badge } from '../../parts/badge.tsx';
import { AUDIT_TEXTS, count, dateAndTime } from '../../texts.ts';

/** How far the trail is proven and delivered, at a glance and in figures. */
export function ChainCard({ status }: { readonly status: AuditStatus }) {
  const { last_seq: last, verified_to: verified, dropped_to: dropped, checkpoint, fault, head, sinks } = status;
  return (
    <section class="card" aria-labelledby="chain">
      <h2 id="chain">{AUDIT_TEXTS.chain.title}</h2>
      <dl class="facts">
        <div>
          <dt>{AUDIT_TEXTS.chain.last}</dt>
          <dd>{AUDIT_TEXTS.chain.lastSays(last, dropped)}</dd>
        </div>
        <div>
          <dt>{AUDIT_TEXTS.chain.verified}</dt>
          <dd>
            {fault === null ? (
              <Badge tone={verified === last ? 'good' : 'info'}>
                {verified === last ? AUDIT_TEXTS.chain.allVerified : AUDIT_TEXTS.chain.verifiedTo(verified, last)}
              </Badge>
            ) : (
              <Badge tone="bad">{AUDIT_TEXTS.chain.verifiedTo(verified, last)}</Badge>
            )}
          </dd>
        </div>
        <div>
          <dt>{AUDIT_TEXTS.chain.checkpoint}</dt>
          <dd>
            {checkpoint === null
              ? AUDIT_TEXTS.chain.noCheckpoint
              : AUDIT_TEXTS.chain.checkpointSays(checkpoint.count, dateAndTime(checkpoint.made_at))}
          </dd>
        </div>
        {sinks.map(({ sink, backlog_records: backlog, lag_s: lag }) => (
          <div key={sink}>
            <dt>{AUDIT_TEXTS.chain.sink(sink)}</dt>
            <dd>
              <Badge tone={backlog === 0 ? 'good' : lag > LATE_S ? 'warning' : 'info'}>
                {backlog === 0 ? AUDIT_TEXTS.chain.delivered : AUDIT_TEXTS.chain.behind(count(backlog), lag)}
              </Badge>
            </dd>
          </div>
        ))}
        <div>
          <dt>{AUDIT_TEXTS.chain.head}</dt>
          <dd class="code">{head}</dd>
        </div>
      </dl>
      <p class="quiet">{AUDIT_TEXTS.chain.note}</p>
    </section>
  );
}

/** A sink that is further behind than this deserves a look. */
const LATE_S = 300;
