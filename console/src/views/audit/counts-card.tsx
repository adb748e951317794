/** Invites, refusals and unknown outcomes over time: a chart, and the table behind it. It grows while the trail is counted. */
import type { AuditCounts } from 'galileo-invite-client/audit';
import { useEffect, useState } from 'preact/hooks';
import { PartFailure } from '../../parts/failure.tsx';
import type { Column } from '../../parts/table.tsx';
import { Table } from '../../parts/table.tsx';
import { useOnline } from '../../parts/use-load.ts';
import type { Session } from '../../session/session.ts';
import { AUDIT_TEXTS, count, TEXTS } from '../../texts.ts';
import { Chart } from './chart.tsx';
import type { Filters } from './filters.ts';
import { searchOf } from './filters.ts';
import type { Period } from './period.ts';
import type { Bar } from './series.ts';
import { barsOf, totalsOf } from './series.ts';

export interface CountsCardProps {
  readonly session: Session;
  readonly filters: Filters;
  readonly period: Period;
}

interface Counting {
  readonly counts: AuditCounts | null;
  readonly problem: unknown;
}

export function CountsCard({ session, filters, period }: CountsCardProps) {
  const [{ counts, problem }, setCounting] = useState<Counting>({ counts: null, problem: null });
  const [tries, setTries] = useState(0);
  useEffect(() => {
    const { signal, abort } = endable();
    setCounting({ counts: null, problem: null });
    const { from, to, step } = period;
    const run = async (): Promise<void> => {
      for await (const counted of session.audit.count({ ...searchOf(filters), from, to, step }, { signal }))
        setCounting({ counts: counted, problem: null });
    };
    run().catch((failure: unknown) => {
      if (!signal.aborted) setCounting((before) => ({ ...before, problem: failure }));
    });
    return abort;
  }, [filters, period, tries]);

  const again = (): void => setTries((before) => before + 1);
  useOnline(problem === null ? null : again);

  const bars = barsOf(counts, period);
  const totals = totalsOf(bars);
  const isCounting = problem === null && counts?.complete !== true;
  const labelOf = (fromMs: number): string => AUDIT_TEXTS.chart.label(fromMs, period.step);
  return (
    <section class="card" aria-labelledby="counts">
      <h2 id="counts">{AUDIT_TEXTS.chart.title}</h2>
      {problem === null ? null : <PartFailure problem={problem} onRetry={again} />}
      <p class="quiet" role="status">
        {isCounting
          ? counts === null
            ? TEXTS.states.loading
            : AUDIT_TEXTS.chart.countedTo(counts.scanned_to)
          : AUDIT_TEXTS.chart.totals(totals)}
      </p>
      <Chart bars={bars} says={AUDIT_TEXTS.chart.says(totals)} labelOf={labelOf} />
      <details>
        <summary>{AUDIT_TEXTS.chart.asTable}</summary>
        <Table
          caption={AUDIT_TEXTS.chart.caption}
          columns={columns(labelOf)}
          rows={bars}
          keyOf={({ fromMs }) => String(fromMs)}
        />
      </details>
    </section>
  );
}

function columns(labelOf: (fromMs: number) => string): readonly Column<Bar>[] {
  return [
    { title: AUDIT_TEXTS.chart.time, cell: ({ fromMs }) => labelOf(fromMs) },
    ...(['invited', 'refused', 'unknown', 'suppressed'] as const).map((name): Column<Bar> => ({
      title: AUDIT_TEXTS.chart.series[name],
      cell: (bar) => count(bar[name]),
      align: 'end',
    })),
  ];
}

function endable(): { readonly signal: AbortSignal; readonly abort: () => void } {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}
