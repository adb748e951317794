/**
 * The policy in force, and what changed when: from the records of kind `change`, newest first. A policy is fetched when its
 * row is opened, and shown by what is gone and what is new against the one before.
 */
import type { AuditRecord } from 'galileo-invite-client/audit';
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { PartFailure } from '../../parts/failure.tsx';
import { Empty, Loading } from '../../parts/states.tsx';
import { useLoad } from '../../parts/use-load.ts';
import type { Session } from '../../session/session.ts';
import { AUDIT_TEXTS, dateAndTime, TEXTS } from '../../texts.ts';
import { diffLines } from './line-diff.ts';
import { changeWords } from './record-words.ts';

export interface ChangesCardProps {
  readonly session: Session;
  /** Digest of the policy in force. */
  readonly inForce: string;
  /** Changes of this time and later. */
  readonly from: string;
}

type ChangeRecord = Extract<AuditRecord, { readonly kind: 'change' }>;

export function ChangesCard({ session, inForce, from }: ChangesCardProps) {
  const { state, again } = useLoad((signal) => findChanges(session, from, signal), [from, inForce]);
  return (
    <section class="card" aria-labelledby="changes">
      <h2 id="changes">{AUDIT_TEXTS.changes.title}</h2>
      <p>
        {AUDIT_TEXTS.changes.inForce} <span class="code">{short(inForce)}</span>
      </p>
      <OnDemand title={AUDIT_TEXTS.changes.show}>
        <PolicyText session={session} digest={inForce} before={null} />
      </OnDemand>
      {state.kind === 'loading' ? <Loading /> : null}
      {state.kind === 'failed' ? <PartFailure problem={state.problem} onRetry={again} /> : null}
      {state.kind === 'loaded' && state.value.length === 0 ? <Empty>{AUDIT_TEXTS.changes.none}</Empty> : null}
      {state.kind === 'loaded' && state.value.length > 0 ? (
        <ol class="story">
          {state.value.map((record) => (
            <li key={record.seq} class={record.change.what}>
              <p class="quiet">
                <time dateTime={record.time}>{dateAndTime(record.time)}</time>
              </p>
              <p>{changeWords(record.change.what)}</p>
              <ChangeDetails session={session} change={record.change} />
            </li>
          ))}
        </ol>
      ) : null}
    </section>
  );
}

/** Newest first. */
async function findChanges(session: Session, from: string, signal: AbortSignal): Promise<readonly ChangeRecord[]> {
  const found: ChangeRecord[] = [];
  for (let after: number | null = 0; after !== null;) {
    const page = await session.audit.search({ kind: 'change', from, after }, { signal });
    found.push(...page.records.filter((record): record is ChangeRecord => record.kind === 'change'));
    after = page.next;
  }
  return found.toReversed();
}

function ChangeDetails({ session, change }: { readonly session: Session; readonly change: ChangeRecord['change'] }) {
  switch (change.what) {
    case 'policy_taken':
      return (
        <OnDemand title={AUDIT_TEXTS.changes.policy(short(change.to), change.from !== null)}>
          <PolicyText session={session} digest={change.to} before={change.from} />
        </OnDemand>
      );
    case 'policy_refused':
      return <p class="quiet">{AUDIT_TEXTS.changes.refused(change.problems)}</p>;
    case 'key_slot_changed':
      return <p class="quiet">{AUDIT_TEXTS.changes.key(change.slot, change.from, change.to)}</p>;
    case 'checkpoint_key_changed':
      return <p class="quiet">{AUDIT_TEXTS.changes.checkpointKey(change.from, change.to)}</p>;
    case 'restored':
      return <p class="quiet">{AUDIT_TEXTS.changes.restored(change.records)}</p>;
    default:
      return null;
  }
}

interface PolicyTextProps {
  readonly session: Session;
  readonly digest: string;
  /** Null: the whole text is shown. */
  readonly before: string | null;
}

function PolicyText({ session, digest, before }: PolicyTextProps) {
  const { state, again } = useLoad(
    async (signal) => {
      const linesOf = async (one: string): Promise<readonly string[]> =>
        JSON.stringify(await session.audit.policy(one, { signal }), null, 2).split('\n');
      const after = await linesOf(digest);
      return { after, diff: before === null ? null : diffLines(await linesOf(before), after) };
    },
    [digest, before],
  );
  if (state.kind === 'loading') return <Loading />;
  if (state.kind === 'failed') return <PartFailure problem={state.problem} onRetry={again} />;
  const { after, diff } = state.value;
  if (diff === null) return <pre tabIndex={0}>{after.join('\n')}</pre>;
  return (
    <pre tabIndex={0} class="diff">
      {diff.map(({ kind, text }, place) => (
        <span key={place} class={kind}>
          {AUDIT_TEXTS.changes.marks[kind]}
          {text}
          {'\n'}
        </span>
      ))}
    </pre>
  );
}

/** Loads what is inside when it is opened for the first time. */
function OnDemand({ title, children }: { readonly title: string; readonly children: ComponentChildren }) {
  const [isOpened, setOpened] = useState(false);
  return (
    <details onToggle={({ currentTarget }) => setOpened((before) => before || currentTarget.open)}>
      <summary>{title}</summary>
      {isOpened ? children : TEXTS.states.loading}
    </details>
  );
}

/** Enough to tell one policy from another. */
function short(digest: string): string {
  return digest.slice(0, 12);
}
