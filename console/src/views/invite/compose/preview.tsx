/** What the policy says of each entry of the list, in groups, each with its remedy. */
import { signal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import { Badge } from '../../../parts/badge.tsx';
import { Button } from '../../../parts/button.tsx';
import { Chips } from '../../../parts/chips.tsx';
import { Notice } from '../../../parts/notice.tsx';
import { Empty } from '../../../parts/states.tsx';
import { Table } from '../../../parts/table.tsx';
import { SessionExpired } from '../../../session/session.ts';
import { TEXTS } from '../../../texts.ts';
import type { Invites } from '../send/invites.ts';
import { showLine } from './list-box.tsx';
import type { Opinion } from './opinions.ts';

type GroupName = 'ready' | 'refused' | 'duplicates' | 'malformed';
const GROUPS: readonly GroupName[] = ['ready', 'refused', 'duplicates', 'malformed'];
/** More rows are of no use to a reader, and slow on a small machine. */
const MAX_ROWS = 200;

export function Preview({ invites }: { readonly invites: Invites }) {
  const { draft, opinions } = invites;
  const texts = TEXTS.invite.preview;
  const picked = useMemo(() => signal<GroupName | null>(null), []);
  const { duplicates, rejected } = draft.parsed.value;
  const refused = opinions.all.value.filter(({ kind }) => kind === 'refused');
  const ready = opinions.all.value.filter(({ kind }) => kind !== 'refused');
  const sizes = {
    ready: ready.length,
    refused: refused.length,
    duplicates: duplicates.length,
    malformed: rejected.length,
  };
  if (Object.values(sizes).every((size) => size === 0)) return <Empty>{texts.empty}</Empty>;
  const group = picked.value ?? GROUPS.find((name) => sizes[name] > 0) ?? 'ready';
  return (
    <section class="card" aria-labelledby="preview-title">
      <div class="card-head">
        <h2 id="preview-title">{texts.title}</h2>
        <CheckState invites={invites} />
      </div>
      <CheckFailure invites={invites} />
      <Chips
        label={texts.tabs}
        options={GROUPS.map((name) => ({ value: name, name: texts[name], count: sizes[name] }))}
        value={group}
        onChange={(name) => (picked.value = name)}
      />
      {group === 'ready' ? <Opinions rows={ready} /> : null}
      {group === 'refused' ? <Refused rows={refused} invites={invites} /> : null}
      {group === 'duplicates' ? (
        <Places hint={texts.duplicateHint} rows={duplicates.map((one) => ({ ...one, why: null }))} />
      ) : null}
      {group === 'malformed' ? (
        <>
          <Places
            hint={texts.malformedHint}
            rows={rejected.map(({ text, line, reason }) => ({ text, line, why: texts.reasons[reason] }))}
          />
          {rejected.length === 0 ? null : (
            <div class="actions">
              <Button onClick={() => keepOnly(invites, opinions.all.value)}>{texts.removeMalformed}</Button>
            </div>
          )}
        </>
      ) : null}
    </section>
  );
}

function CheckState({ invites: { opinions } }: { readonly invites: Invites }) {
  const texts = TEXTS.invite.preview;
  const state = opinions.state.value;
  return (
    <span class="quiet" role="status">
      {state.kind === 'checking'
        ? texts.checking(state.done, state.total)
        : state.kind === 'failed'
          ? texts.notChecked
          : texts.checked}
    </span>
  );
}

/** An ended sign-in is said by the frame. */
function CheckFailure({ invites: { opinions } }: { readonly invites: Invites }) {
  const state = opinions.state.value;
  if (state.kind !== 'failed' || state.problem instanceof SessionExpired) return null;
  return (
    <Notice
      tone="bad"
      live="alert"
      title={TEXTS.invite.preview.failed}
      actions={<Button onClick={opinions.retry}>{TEXTS.states.retry}</Button>}
    >
      {state.problem instanceof Error ? state.problem.message : null}
    </Notice>
  );
}

function Refused({ rows, invites }: { readonly rows: readonly Opinion[]; readonly invites: Invites }) {
  const { opinions } = invites;
  return (
    <>
      <Opinions rows={rows} />
      {rows.length === 0 ? null : (
        <div class="actions">
          <Button
            onClick={() =>
              keepOnly(
                invites,
                opinions.all.value.filter(({ kind }) => kind !== 'refused'),
              )
            }
          >
            {TEXTS.invite.preview.removeRefused}
          </Button>
        </div>
      )}
    </>
  );
}

function Opinions({ rows }: { readonly rows: readonly Opinion[] }) {
  const texts = TEXTS.invite.preview;
  if (rows.length === 0) return <Empty>{texts.none}</Empty>;
  const isRefused = rows[0]?.kind === 'refused';
  const says = { ready: texts.readyRow, open: texts.openRow, refused: texts.refusedRow };
  return (
    <>
      <Table
        caption={isRefused ? texts.refused : texts.ready}
        keyOf={({ email }) => email}
        rows={rows.slice(0, MAX_ROWS)}
        columns={[
          { title: texts.columns.address, cell: ({ email }) => <span class="address">{email}</span> },
          {
            title: texts.columns.verdict,
            cell: ({ kind, message }) => (
              <>
                <Badge tone={kind === 'ready' ? 'good' : kind === 'open' ? 'plain' : 'bad'}>
                  {kind === 'refused' ? texts.refused : says[kind]}
                </Badge>
                {kind === 'refused' ? <p class="quiet">{message ?? texts.refusedRow}</p> : null}
              </>
            ),
          },
          ...(isRefused ? [{ title: texts.columns.fix, cell: ({ fix }: Opinion) => fix ?? '' }] : []),
        ]}
      />
      {rows.length > MAX_ROWS ? <p class="quiet">{texts.more(rows.length - MAX_ROWS)}</p> : null}
    </>
  );
}

interface Place {
  readonly text: string;
  readonly line: number;
  readonly why: string | null;
}

function Places({ hint, rows }: { readonly hint: string; readonly rows: readonly Place[] }) {
  const texts = TEXTS.invite.preview;
  if (rows.length === 0) return <Empty>{texts.none}</Empty>;
  const hasReason = rows.some(({ why }) => why !== null);
  return (
    <>
      <p class="quiet">{hint}</p>
      <Table
        caption={hint}
        keyOf={({ text, line }) => `${String(line)} ${text}`}
        rows={rows.slice(0, MAX_ROWS)}
        columns={[
          { title: texts.columns.text, cell: ({ text }) => <span class="address">{text}</span> },
          ...(hasReason ? [{ title: texts.columns.why, cell: ({ why }: Place) => why ?? '' }] : []),
          {
            title: texts.columns.line,
            cell: ({ line }) => (
              <Button look="quiet" onClick={() => showLine(line)}>
                {texts.goTo(line)}
              </Button>
            ),
          },
        ]}
      />
      {rows.length > MAX_ROWS ? <p class="quiet">{texts.more(rows.length - MAX_ROWS)}</p> : null}
    </>
  );
}

/** Writes the list again, with one address on a line. */
function keepOnly({ draft }: Invites, rows: readonly Opinion[]): void {
  draft.text.value = rows.map(({ email }) => `${email}\n`).join('');
}
