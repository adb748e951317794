import { useState } from 'preact/hooks';
import { Button } from '../../parts/button.tsx';
import { SelectField, TextField } from '../../parts/field.tsx';
import { AUDIT_TEXTS } from '../../texts.ts';
import type { Filters } from './filters.ts';
import { NO_FILTERS, searchOf } from './filters.ts';
import type { PeriodName } from './period.ts';
import { PERIODS } from './period.ts';

/** The filters over chart and trail. Nothing is asked for before the form is sent; the period acts at once. */
export interface FilterFormProps {
  readonly filters: Filters;
  readonly onSearch: (filters: Filters) => void;
}

const KINDS = [
  'intent',
  'outcome',
  'denial',
  'replay',
  'dry_run',
  'reconciliation',
  'suppressed',
  'change',
  'read',
] as const;
const RESULTS = ['admitted', 'accepted', 'denied', 'refused', 'not_sent', 'unknown', 'replayed', 'previewed'] as const;
const MORE_FIELDS = ['subject', 'client_id', 'rule', 'request_id'] as const;

export function FilterForm({ filters, onSearch }: FilterFormProps) {
  const [draft, setDraft] = useState(filters);
  const put = (change: Partial<Filters>): void => setDraft({ ...draft, ...change });
  const isFiltered = Object.keys(searchOf(draft)).length > 0;
  return (
    <form
      class="card"
      role="search"
      aria-label={AUDIT_TEXTS.filters.title}
      onSubmit={(event) => {
        event.preventDefault();
        onSearch(draft);
      }}
    >
      <div class="actions" role="group" aria-label={AUDIT_TEXTS.filters.period}>
        {PERIODS.map((name: PeriodName) => (
          <Button
            key={name}
            pressed={draft.period === name}
            onClick={() => {
              put({ period: name });
              onSearch({ ...filters, period: name });
            }}
          >
            {AUDIT_TEXTS.filters.periods[name]}
          </Button>
        ))}
      </div>
      <div class="filters">
        <SelectField
          label={AUDIT_TEXTS.filters.outcome}
          value={draft.outcome}
          onInput={(outcome) => put({ outcome })}
          options={[['', AUDIT_TEXTS.filters.any], ...RESULTS.map((one) => [one, AUDIT_TEXTS.results[one]] as const)]}
        />
        <TextField label={AUDIT_TEXTS.filters.fields.email} value={draft.email} onInput={(email) => put({ email })} />
      </div>
      <details>
        <summary>{AUDIT_TEXTS.filters.more}</summary>
        <div class="filters">
          <SelectField
            label={AUDIT_TEXTS.filters.kind}
            value={draft.kind}
            onInput={(kind) => put({ kind })}
            options={[['', AUDIT_TEXTS.filters.any], ...KINDS.map((one) => [one, AUDIT_TEXTS.kinds[one]] as const)]}
          />
          {MORE_FIELDS.map((name) => (
            <TextField
              key={name}
              label={AUDIT_TEXTS.filters.fields[name]}
              value={draft[name]}
              onInput={(value) => put({ [name]: value })}
            />
          ))}
        </div>
      </details>
      <p class="quiet">{AUDIT_TEXTS.filters.note}</p>
      <div class="actions">
        <Button type="submit" look="primary">
          {AUDIT_TEXTS.filters.search}
        </Button>
        {isFiltered ? (
          <Button
            onClick={() => {
              const cleared = { ...NO_FILTERS, period: draft.period };
              setDraft(cleared);
              onSearch(cleared);
            }}
          >
            {AUDIT_TEXTS.filters.clear}
          </Button>
        ) : null}
      </div>
    </form>
  );
}
