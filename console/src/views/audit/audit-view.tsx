/** The view of auditors: where the chain stands, figures over time, the trail with filters, and what changed when. */
import type { AuditStatus } from 'galileo-invite-client/audit';
import { useMemo, useState } from 'preact/hooks';
import { ViewFailure } from '../../parts/failure.tsx';
import { Notice } from '../../parts/notice.tsx';
import { Loading } from '../../parts/states.tsx';
import { useLoad } from '../../parts/use-load.ts';
import type { Router } from '../../router.ts';
import type { Session } from '../../session/session.ts';
import { AUDIT_TEXTS, TEXTS } from '../../texts.ts';
import { ChainCard } from './chain-card.tsx';
import { ChangesCard } from './changes-card.tsx';
import { CountsCard } from './counts-card.tsx';
import { FilterForm } from './filter-form.tsx';
import { NO_FILTERS } from './filters.ts';
import { periodOf } from './period.ts';
import { TrailCard } from './trail-card.tsx';

export interface AuditViewProps {
  readonly session: Session;
  readonly router: Router;
}

export function AuditView({ session, router }: AuditViewProps) {
  const { state, again } = useLoad((signal) => session.audit.status({ signal }), []);
  const [filters, setFilters] = useState(NO_FILTERS);
  // A new search is a new object, also with the same words: it looks again, up to now.
  const period = useMemo(() => periodOf(filters.period, Date.now()), [filters]);
  const changesFrom = useMemo(() => periodOf('quarter', Date.now()).from, []);
  if (state.kind === 'failed') return <ViewFailure problem={state.problem} onRetry={again} />;
  return (
    <>
      <div class="view-head">
        <h1 tabIndex={-1}>{TEXTS.nav.audit}</h1>
        <p class="quiet">{AUDIT_TEXTS.intro}</p>
      </div>
      {state.kind === 'loading' ? (
        <Loading />
      ) : (
        <>
          <TrailFault fault={state.value.fault} />
          <FilterForm filters={filters} onSearch={setFilters} />
          <CountsCard session={session} filters={filters} period={period} />
          <TrailCard session={session} router={router} filters={filters} period={period} />
          <div class="columns">
            <ChainCard status={state.value} />
            <ChangesCard session={session} inForce={state.value.policy_digest} from={changesFrom} />
          </div>
        </>
      )}
    </>
  );
}

/** At the top, because it is what an auditor has to know first. */
function TrailFault({ fault }: Pick<AuditStatus, 'fault'>) {
  if (fault === null) return null;
  return (
    <Notice tone="bad" live="alert" title={AUDIT_TEXTS.chain.faultTitle}>
      {AUDIT_TEXTS.chain.fault(fault.seq, fault.reason)}
    </Notice>
  );
}
