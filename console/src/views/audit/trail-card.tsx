/**
 * The records that match, oldest first, a page at a time: as the service searches. A page may be empty although there is
 * more; then the search says how far it got, and goes on when asked. Each record is shown as it is on demand.
 */
import type { AuditRecord } from 'galileo-invite-client/audit';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Badge } from '../../parts/badge.tsx';
import { Button } from '../../parts/button.tsx';
import { PartFailure } from '../../parts/failure.tsx';
import { Link } from '../../parts/link.tsx';
import { Empty } from '../../parts/states.tsx';
import type { Column } from '../../parts/table.tsx';
import { Table } from '../../parts/table.tsx';
import { useOnline } from '../../parts/use-load.ts';
import type { Router } from '../../router.ts';
import type { Session } from '../../session/session.ts';
import { AUDIT_TEXTS, dateAndTime, TEXTS } from '../../texts.ts';
import type { Filters } from './filters.ts';
import { searchOf } from './filters.ts';
import type { Period } from './period.ts';
import { requestIdOf, toneOf, whatOf, whoOf } from './record-words.ts';

export interface TrailCardProps {
  readonly session: Session;
  readonly router: Router;
  readonly filters: Filters;
  readonly period: Period;
}

interface Found {
  readonly records: readonly AuditRecord[];
  readonly unreadable: number;
  /** Null: searched to the end. */
  readonly next: number | null;
}

const NOTHING: Found = { records: [], unreadable: 0, next: 0 };
const PAGE = 50;

export function TrailCard({ session, router, filters, period }: TrailCardProps) {
  const [found, setFound] = useState(NOTHING);
  const [progress, setProgress] = useState<'idle' | 'searching' | { readonly problem: unknown }>('idle');
  const current = useRef(new AbortController());
  const search = async (before: Found): Promise<void> => {
    const { signal } = current.current;
    setProgress('searching');
    try {
      const { from, to } = period;
      const asked = { ...searchOf(filters), from, to, after: before.next ?? 0, limit: PAGE };
      const { records, next, unreadable } = await session.audit.search(asked, { signal });
      // A page that is not full, and was not cut short, is the last one.
      const isLast = next === null || (records.length > 0 && records.length < PAGE && next === records.at(-1)?.seq);
      setFound({
        records: [...before.records, ...records],
        unreadable: before.unreadable + unreadable,
        next: isLast ? null : next,
      });
      setProgress('idle');
    } catch (problem) {
      if (!signal.aborted) setProgress({ problem });
    }
  };
  useEffect(() => {
    current.current = new AbortController();
    setFound(NOTHING);
    void search(NOTHING);
    return () => current.current.abort();
  }, [filters, period]);

  useOnline(typeof progress === 'object' ? () => void search(found) : null);

  const { records, next, unreadable } = found;
  const isSearching = progress === 'searching';
  return (
    <section class="card" aria-labelledby="trail">
      <h2 id="trail">{AUDIT_TEXTS.trail.title}</h2>
      <p class="quiet" role="status">
        {isSearching ? TEXTS.states.loading : AUDIT_TEXTS.trail.found(records.length, next)}
      </p>
      {unreadable === 0 ? null : <Badge tone="warning">{AUDIT_TEXTS.trail.unreadable(unreadable)}</Badge>}
      {typeof progress === 'object' ? (
        <PartFailure problem={progress.problem} onRetry={() => void search(found)} />
      ) : null}
      {records.length > 0 ? (
        <Table
          caption={AUDIT_TEXTS.trail.caption}
          columns={columns(router)}
          rows={records}
          keyOf={({ seq }) => String(seq)}
        />
      ) : isSearching || next !== null ? null : (
        <Empty>{AUDIT_TEXTS.trail.none}</Empty>
      )}
      {next === null || typeof progress === 'object' ? null : (
        <div class="actions">
          <Button disabledBecause={isSearching ? TEXTS.states.loading : null} onClick={() => void search(found)}>
            {AUDIT_TEXTS.trail.more}
          </Button>
        </div>
      )}
    </section>
  );
}

const columns = (router: Router): readonly Column<AuditRecord>[] => [
  { title: AUDIT_TEXTS.trail.seq, cell: ({ seq }) => <span class="number">{seq}</span>, align: 'end' },
  { title: AUDIT_TEXTS.trail.time, cell: ({ time }) => <span class="moment">{dateAndTime(time)}</span> },
  {
    title: AUDIT_TEXTS.trail.what,
    cell: (record) => <Badge tone={toneOf(record)}>{whatOf(record)}</Badge>,
  },
  { title: AUDIT_TEXTS.trail.who, cell: whoOf },
  {
    title: AUDIT_TEXTS.trail.about,
    cell: (record) => {
      const id = requestIdOf(record);
      return (
        <>
          {id === null ? null : (
            <Link router={router} to={`/console/audit/${id}`}>
              {AUDIT_TEXTS.trail.story}
            </Link>
          )}
          <details class="record">
            <summary>{AUDIT_TEXTS.trail.record}</summary>
            <pre tabIndex={0}>{JSON.stringify(record, null, 2)}</pre>
          </details>
        </>
      );
    },
  },
];
