/** What became of each address, with a filter, to copy and to export. */
import { signal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import { Badge } from '../../../parts/badge.tsx';
import { Button } from '../../../parts/button.tsx';
import { Chips } from '../../../parts/chips.tsx';
import { Link } from '../../../parts/link.tsx';
import { Empty } from '../../../parts/states.tsx';
import type { Column } from '../../../parts/table.tsx';
import { Table } from '../../../parts/table.tsx';
import type { Router } from '../../../router.ts';
import { TEXTS } from '../../../texts.ts';
import { csvOf, delimiterIn, download } from './export-csv.ts';
import type { Result, ResultKind } from './result.ts';
import type { Progress } from './run.ts';

const KINDS: readonly ResultKind[] = ['invited', 'refused', 'unknown', 'in_doubt', 'waiting'];
const TONES = { invited: 'good', refused: 'bad', unknown: 'warning', in_doubt: 'warning', waiting: 'plain' } as const;
const MAX_ROWS = 200;

const MESSAGE: Column<Result> = {
  title: TEXTS.invite.results.columns.message,
  cell: ({ kind, message }) => (
    <>
      {message ?? ''}
      {kind === 'unknown' ? <p class="quiet">{TEXTS.invite.results.unknownHint}</p> : null}
    </>
  ),
};

export interface ResultsProps {
  readonly results: readonly Result[];
  readonly progress: Progress;
  readonly router: Router;
}

export function Results({ results, progress, router }: ResultsProps) {
  const texts = TEXTS.invite.results;
  const filter = useMemo(() => signal<ResultKind | 'all'>('all'), []);
  const said = useMemo(() => signal(''), []);
  const shown = results.filter(({ kind }) => filter.value === 'all' || kind === filter.value);
  const copy = async (): Promise<void> => {
    const text = shown.map(({ email }) => email).join('\n');
    said.value = await navigator.clipboard.writeText(text).then(
      () => texts.copied(shown.length),
      () => texts.copyFailed,
    );
  };
  return (
    <section class="card" aria-labelledby="results-title">
      <div class="card-head">
        <h2 id="results-title">{texts.title}</h2>
        <div class="actions">
          <Button onClick={() => void copy()}>{texts.copy}</Button>
          <Button onClick={() => download(texts.file, csvOf(shown, delimiterIn()))}>{texts.export}</Button>
          <span class="quiet" role="status">
            {said.value}
          </span>
        </div>
      </div>
      <Chips
        label={texts.filter}
        value={filter.value}
        onChange={(kind) => (filter.value = kind)}
        options={[
          { value: 'all', name: texts.all, count: progress.total },
          ...KINDS.filter((kind) => progress.counts[kind] > 0 || filter.value === kind).map((kind) => ({
            value: kind,
            name: texts.kinds[kind],
            count: progress.counts[kind],
          })),
        ]}
      />
      {shown.length === 0 ? (
        <Empty>{texts.empty}</Empty>
      ) : (
        <Table
          caption={texts.caption}
          keyOf={({ email }) => email}
          rows={shown.slice(0, MAX_ROWS)}
          columns={[
            { title: texts.columns.address, cell: ({ email }) => <span class="address">{email}</span> },
            {
              title: texts.columns.result,
              cell: ({ kind }) => <Badge tone={TONES[kind]}>{texts.kinds[kind]}</Badge>,
            },
            ...(shown.some(({ message }) => message !== null) ? [MESSAGE] : []),
            {
              title: texts.columns.request,
              cell: ({ requestId }) =>
                requestId === null ? (
                  ''
                ) : (
                  <Link router={router} to={`/console/requests/${requestId}`}>
                    <code>{requestId.slice(-12)}</code>
                  </Link>
                ),
            },
          ]}
        />
      )}
      {shown.length > MAX_ROWS ? <p class="quiet">{TEXTS.invite.preview.more(shown.length - MAX_ROWS)}</p> : null}
    </section>
  );
}
