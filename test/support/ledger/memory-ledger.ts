import type { RequestRecord, RecordDraft } from '../../../src/audit/record.ts';
import type { QuotaCharge, ShortInvitee } from '../../../src/policy/decision.ts';
import type { MachineClock } from '../../../src/ports/clock.ts';
import type { Ids } from '../../../src/ports/ids.ts';
import {
  denialRecord,
  dryRunRecord,
  exhaustedRecord,
  intentRecord,
  replayRecord,
} from '../../../src/ledger/records/record-annotations.ts';
import { createMemoryChanges } from './memory-changes.ts';
import { createMemoryClock } from './memory-clock.ts';
import { createMemoryCounters } from './memory-counters.ts';
import { createMemoryReads } from './memory-reads.ts';
import { createMemorySignIns } from './memory-sign-ins.ts';
import { createMemorySuppressions } from './memory-suppressions.ts';
import { createMemoryTrail } from './memory-trail.ts';
import { MAX_SHOWN_REPLAYS, takeEntries, takeLines } from '../../../src/ledger/page.ts';
import { REPLY_RETENTION_MS } from '../../../src/ledger/trusted-time.ts';
import type {
  Admission,
  Admitted,
  FoundRequest,
  Ledger,
  Owner,
  RequestState,
  Settled,
  SettledBy,
  Settlement,
  StoredReply,
} from '../../../src/ledger/port.ts';

/**
 * The reference model of the ledger: plain maps and arrays. It is meant to be read beside the port's comments, and
 * shares no decision with the SQLite ledger. It is for tests and for smoke tests in other runtimes, and nothing is
 * durable. Each step runs within one turn of the event loop, which makes it atomic.
 */
interface Request {
  readonly admission: Admission;
  admittedAt: number;
  expiresAt: number | null;
  readonly decidedSeq: number;
  readonly charged: ReadonlyMap<string, number>;
  state: RequestState;
  settledAt: number | null;
  settledBy: SettledBy | null;
  outcomeSeq: number | null;
  /** When the next reconcile attempt is due; null: there is none. */
  nextAttemptAt: number | null;
  attempts: number;
}

interface Key {
  readonly requestId: string;
  readonly fingerprint: string;
  reply: StoredReply | null;
  keepUntil: number;
}

const MINUTE_MS = 60_000;

const inviteesIn = (invitees: readonly ShortInvitee[]) => (invitees.length === 0 ? {} : { invitees });

export function createMemoryLedger({ clock, ids }: { clock: MachineClock; ids: Ids }): Ledger {
  const trail = createMemoryTrail({ clock, ids });
  const { append, draft } = trail;
  const time = createMemoryClock(clock);
  const { now } = time;
  const counters = createMemoryCounters(now);
  const { charge, state, unfitting, unfittingInvitees } = counters;
  const requests = new Map<string, Request>();
  const keys = new Map<string, Key>();
  const suppressions = createMemorySuppressions();
  const reads = createMemoryReads();
  const signIns = createMemorySignIns();
  const changes = createMemoryChanges(append, () => trail.chain().head.seq);
  const times = () => ({ now: now(), machineMs: Math.trunc(clock.now()) });

  /** Corrects stored times after a correction of the clock. Every writing step begins with it. */
  function correct(): void {
    const { backMs, forward, sinceMs } = time.corrections();
    const at = now();
    const unsettled = [...requests.values()].filter(({ state: one }) => one === 'open' || one === 'unknown');
    if (backMs !== null) {
      for (const key of keys.values())
        if (key.keepUntil !== Infinity) key.keepUntil = Math.min(key.keepUntil, at + REPLY_RETENTION_MS);
      for (const request of unsettled) {
        request.admittedAt = Math.min(request.admittedAt, at);
        if (request.state === 'open') request.expiresAt = Math.min(request.expiresAt ?? at, at + MINUTE_MS);
        if (request.nextAttemptAt !== null) request.nextAttemptAt = Math.min(request.nextAttemptAt, at + MINUTE_MS);
      }
      trail.restamp((storedAt) => Math.min(storedAt, at));
      counters.gather(at, -backMs);
      signIns.move(0, at, at);
    }
    for (const { byMs, toMs } of forward) {
      const moved = (stamp: number): number => (stamp < (sinceMs ?? 0) ? stamp : Math.min(stamp + byMs, at));
      for (const key of keys.values())
        if (key.keepUntil !== Infinity) key.keepUntil = moved(key.keepUntil - REPLY_RETENTION_MS) + REPLY_RETENTION_MS;
      for (const request of unsettled) request.admittedAt = moved(request.admittedAt);
      trail.restamp(moved);
      signIns.move(byMs, sinceMs ?? 0, at);
      if (sinceMs === null) counters.gather(toMs - byMs, byMs);
    }
  }

  function keyName({ owner, idempotency }: Admission): string | null {
    return (
      idempotency && JSON.stringify([owner.issuer, owner.clientId, owner.subject, idempotency.route, idempotency.key])
    );
  }

  /** Appends first: a record that cannot be written leaves no request and no debit. */
  function insert(
    admission: Admission,
    row: { state: 'open' | 'denied'; decided: RecordDraft; expiresAt: number | null; charges: readonly QuotaCharge[] },
  ): void {
    const { state: newState, decided, expiresAt, charges } = row;
    const decidedSeq = append(decided);
    requests.set(admission.requestId, {
      admission,
      admittedAt: now(),
      expiresAt,
      decidedSeq,
      charged: charge(charges),
      state: newState,
      settledAt: null,
      settledBy: null,
      outcomeSeq: null,
      nextAttemptAt: null,
      attempts: 0,
    });
  }

  function deny(admission: Admission, decided: RecordDraft): void {
    if (!suppressions.isWhole(admission.owner, decided, times())) return;
    insert(admission, { state: 'denied', decided, expiresAt: null, charges: [] });
  }

  function admitKnown(key: Key, admission: Admission): Admitted {
    const { idempotency, records } = admission;
    const firstRequestId = key.requestId;
    if (key.fingerprint !== idempotency?.fingerprint) return { kind: 'key_reused', firstRequestId };
    if (key.reply === null) {
      const seconds = Math.ceil(((requests.get(firstRequestId)?.expiresAt ?? 0) - now()) / 1000);
      return { kind: 'in_flight', firstRequestId, retryAfterS: Math.min(5, Math.max(1, seconds)) };
    }
    const replay = replayRecord(records, firstRequestId, key.reply);
    if (replay !== null && suppressions.isWhole(admission.owner, replay, times())) append(replay);
    return { kind: 'replay', firstRequestId, reply: structuredClone(key.reply) };
  }

  /** Null: the first call of a repeated admission wrote nothing. */
  function recall({ requestId, owner, charges, idempotency }: Admission): Admitted | null {
    const lines = trail.records(0, Infinity).map(({ line }) => JSON.parse(line) as RequestRecord);
    const record = lines.find(({ request_id: id }) => id === requestId);
    if (record === undefined) return null;
    const { issuer_url: issuer, client_id: clientId, subject } = record.actor;
    if (JSON.stringify({ issuer, clientId, subject }) !== JSON.stringify(owner)) throw new Error('not its admission');
    const quotas = charges.map(state);
    const request = requests.get(requestId);
    const key = keys.get(keyName({ owner, idempotency } as Admission) ?? '');
    if (record.kind === 'dry_run') return { kind: 'previewed' };
    if (record.kind === 'replay') {
      if (key === undefined || key.reply === null || key.keepUntil <= now()) throw new Error('reply expired');
      return { kind: 'replay', firstRequestId: key.requestId, reply: structuredClone(key.reply) };
    }
    if (record.kind === 'intent') {
      if (request?.state !== 'open' || request.expiresAt === null) throw new Error('ended');
      return { kind: 'admitted', expiresAt: request.expiresAt, quotas };
    }
    const [over] = quotas
      .filter(({ quota }) => quota === record.outcome.quota)
      .toSorted((a, b) => a.remaining - b.remaining);
    if (over === undefined) return { kind: 'denied', quotas };
    return {
      kind: 'exhausted',
      exhausted: over,
      retryAfterS: Math.max(1, Math.ceil(over.resetMs / 1000)),
      quotas,
      ...inviteesIn(unfittingInvitees(charges)),
    };
  }

  function admit(admission: Admission): Admitted {
    return (admission.repeated === true ? recall(admission) : null) ?? decide(admission);
  }

  function decide(admission: Admission): Admitted {
    const { charges, plan, records } = admission;
    const name = keyName(admission);
    const key = name === null ? undefined : keys.get(name);
    if (key !== undefined && key.keepUntil > now()) return admitKnown(key, admission);
    if (requests.has(admission.requestId)) throw new Error('request id used twice');

    const perAttempt = charges.filter((one) => one.unit === 'requests' && one.admittedOnly !== true);
    const perRequest = charges.filter((one) => one.admittedOnly === true);
    const perEmail = charges.filter((one) => one.unit === 'emails');
    if (plan === 'deny') {
      charge(perAttempt);
      deny(admission, denialRecord(records));
      return { kind: 'denied', quotas: charges.map(state) };
    }
    const over = unfitting(charges);
    const invitees = plan === 'send' ? unfittingInvitees(charges) : [];
    if (admission.leavesOutInvitees === true && invitees.length > 0) return { kind: 'invitees_exhausted', invitees };
    if (plan === 'send') charge(perAttempt);
    if (over !== null) {
      const denial = exhaustedRecord(records, over.quota);
      if (plan === 'send' && denial !== null) deny(admission, denial);
      return {
        kind: 'exhausted',
        exhausted: over,
        retryAfterS: Math.max(1, Math.ceil(over.resetMs / 1000)),
        quotas: charges.map(state),
        ...inviteesIn(invitees),
      };
    }
    if (plan === 'dry_run') {
      charge(charges);
      const preview = dryRunRecord(records);
      if (suppressions.isWhole(admission.owner, preview, times())) append(preview);
      return { kind: 'previewed' };
    }
    const expiresAt = now() + admission.expiresInMs;
    insert(admission, { state: 'open', decided: intentRecord(records, expiresAt), expiresAt, charges: perEmail });
    charge(perRequest);
    if (name !== null && admission.idempotency !== null) {
      keys.set(name, {
        requestId: admission.requestId,
        fingerprint: admission.idempotency.fingerprint,
        reply: null,
        keepUntil: Infinity,
      });
    }
    return { kind: 'admitted', expiresAt, quotas: charges.map(state) };
  }

  const isOver = (request: Request): boolean =>
    request.state === 'open' && request.expiresAt !== null && request.expiresAt <= now();

  const isSwept = (request: Request): boolean => request.state === 'unknown' && request.settledBy === 'sweep';

  function applies(request: Request, by: SettledBy): boolean {
    if (by === 'sweep') return isOver(request);
    if (by === 'exchange') return request.state === 'open' || isSwept(request);
    return request.state === 'unknown';
  }

  function settle({ requestId, by, ending, reply, record }: Settlement): Settled {
    const request = requests.get(requestId);
    if (request === undefined) return { kind: 'not_found' };
    if (!applies(request, by)) return { kind: 'unchanged', state: request.state };

    request.outcomeSeq = append(record);
    request.state = ending;
    request.settledAt = now();
    request.settledBy = by;
    request.nextAttemptAt = ending === 'unknown' ? now() + 60_000 : null;
    if (ending === 'refused' || ending === 'not_sent') counters.refund(request.charged);
    const name = keyName(request.admission);
    const key = name === null ? undefined : keys.get(name);
    if (name !== null && key?.requestId === requestId) {
      if (ending === 'not_sent') keys.delete(name);
      key.reply = structuredClone(reply);
      key.keepUntil = ending === 'unknown' ? Infinity : now() + REPLY_RETENTION_MS;
    }
    return { kind: 'settled' };
  }

  const entry = (request: Request) => ({
    requestId: request.admission.requestId,
    owner: ownerOf(request.admission.owner),
    state: request.state,
    admittedAt: request.admittedAt,
    requestedAt: trail
      .records(request.decidedSeq - 1, 1)
      .map(({ line }) => Date.parse((JSON.parse(line) as RequestRecord).time))[0] as number,
    expiresAt: request.expiresAt,
    settledAt: request.settledAt,
    decided: draft(request.decidedSeq),
    outcome: request.outcomeSeq === null ? null : draft(request.outcomeSeq),
    unreadable: [],
  });

  /** All records about the request; of the replays of its answer the newest. */
  const history = (requestId: string): Pick<FoundRequest, 'records' | 'replaysLeftOut'> => {
    const parsed = trail.all().map(({ seq, line }) => ({ seq, line, record: JSON.parse(line) as RequestRecord }));
    const own = parsed.filter(({ record }) => record.request_id === requestId);
    const replays = parsed.filter(
      ({ record }) => record.kind === 'replay' && record.outcome.first_request_id === requestId,
    );
    const shown = takeLines(replays.toReversed(), MAX_SHOWN_REPLAYS);
    const records = [...own, ...shown].toSorted((a, b) => a.seq - b.seq).map(({ seq, line }) => ({ seq, line }));
    return { records, replaysLeftOut: replays.length - shown.length };
  };

  const visibleTo = (owner: Owner | null, request: Request): boolean =>
    owner === null || JSON.stringify(ownerOf(owner)) === JSON.stringify(ownerOf(request.admission.owner));

  /** Requests that are open or unknown, and those whose reply may be replayed, need their records. */
  function firstNeeded(): number {
    const replayable = new Set([...keys.values()].map((key) => key.requestId));
    const needed = [...requests.values()].filter(
      (request) =>
        request.state === 'open' || request.state === 'unknown' || replayable.has(request.admission.requestId),
    );
    return Math.min(Infinity, ...needed.map((request) => request.decidedSeq));
  }

  return {
    async admit(admission) {
      correct();
      return admit(admission);
    },
    async settle(settlement) {
      correct();
      return settle(settlement);
    },
    async find(requestId, owner) {
      const request = requests.get(requestId);
      return request !== undefined && visibleTo(owner, request) ? { ...entry(request), ...history(requestId) } : null;
    },
    async list({ owner, before, limit }) {
      const mine = [...requests.values()].filter((request) => visibleTo(owner, request));
      const ordered = mine.toSorted((a, b) => (a.admission.requestId < b.admission.requestId ? 1 : -1));
      const rest = ordered.filter((request) => before === null || request.admission.requestId < before);
      const entries = takeEntries(rest.map(entry), limit);
      return { entries, next: entries.length < rest.length ? (entries.at(-1)?.requestId ?? null) : null };
    },
    usage: async (charges) => charges.map(state),
    records: async (after, limit) => trail.records(after, limit),
    search: async (query) => trail.search(query),
    lease: async (sink, limit) => trail.lease(sink, limit),
    ack: async (sink, position) => trail.ack(sink, position),
    backlog: async (sinks) => sinks.map(trail.backlog),
    chain: async () => trail.chain(),
    async addCheckpoint(checkpoint) {
      correct();
      return trail.addCheckpoint(checkpoint, now());
    },
    checkpoints: async (after, limit) => trail.checkpoints(after, limit),
    async expired(limit) {
      const over = [...requests.values()]
        .filter(isOver)
        .toSorted((a, b) => (a.expiresAt ?? 0) - (b.expiresAt ?? 0) || a.decidedSeq - b.decidedSeq);
      return over
        .slice(0, Math.max(0, limit))
        .map((request) => ({ requestId: request.admission.requestId, intent: draft(request.decidedSeq) }));
    },
    async countUnknown() {
      return [...requests.values()].filter((request) => request.state === 'unknown').length;
    },
    async unsettled(limit) {
      const due = [...requests.values()].flatMap((request) =>
        request.state === 'unknown' && request.nextAttemptAt !== null && request.nextAttemptAt <= now()
          ? [{ request, nextAttemptAt: request.nextAttemptAt }]
          : [],
      );
      return due
        .toSorted((a, b) => a.nextAttemptAt - b.nextAttemptAt || a.request.decidedSeq - b.request.decidedSeq)
        .slice(0, Math.max(0, limit))
        .map(({ request }) => ({
          requestId: request.admission.requestId,
          admittedAt: request.admittedAt,
          intent: draft(request.decidedSeq),
          body: request.admission.body,
          attempts: request.attempts,
        }));
    },
    async recordAttempt({ requestId, record, nextInMs }) {
      correct();
      const request = requests.get(requestId);
      if (request?.state !== 'unknown' || request.nextAttemptAt === null || request.nextAttemptAt > now()) return;
      if (record !== null) append(record);
      if (record !== null) request.attempts += 1;
      request.nextAttemptAt = nextInMs === null ? null : now() + nextInMs;
    },
    async prune(retention) {
      correct();
      if (!time.isWitnessed()) return { records: 0, more: false };
      const at = now();
      counters.prune(at - 60 * MINUTE_MS);
      for (const [name, key] of keys) if (key.keepUntil <= at) keys.delete(name);
      const pruned = trail.prune(retention, firstNeeded(), at);
      const { base } = trail.chain();
      if (pruned.records > 0) changes.prune(trail.records(0, Infinity));
      for (const [id, request] of requests) if (request.decidedSeq <= base.seq) requests.delete(id);
      return pruned;
    },
    async recordSuppressed(limit) {
      correct();
      const { minutes, more } = suppressions.take(now(), limit);
      const drafts = minutes.flatMap(({ suppressed }) => suppressed);
      drafts.forEach(append);
      return { requests: drafts.reduce((sum, { suppressed }) => sum + suppressed.count, 0), more };
    },
    async countRead(report) {
      correct();
      reads.count(report, times());
    },
    async recordReads(limit) {
      correct();
      const { drafts, more } = reads.take(now(), limit);
      drafts.forEach(append);
      return { records: drafts.length, more };
    },
    async recordChanges(reports) {
      correct();
      return reports.map((report) => changes.record(report, now()));
    },
    findPolicy: async (digest) => changes.policy(digest),
    signInSalt: async () => '5a'.repeat(32),
    signInHold: async (fingerprint) => signIns.hold(fingerprint, now()),
    async claimSignIn(claim) {
      correct();
      return signIns.claim(claim, now());
    },
    async endSignIn(end) {
      correct();
      signIns.end(end, now());
    },
    async probe() {},
    witness: async (witness) => time.witness(witness),
  };
}

function ownerOf({ issuer, clientId, subject }: Owner): Owner {
  return { issuer, clientId, subject };
}
