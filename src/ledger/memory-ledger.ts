import { chainRecord, draftOf, GENESIS_HASH } from '../audit/chain.ts';
import type { RecordDraft } from '../audit/record.ts';
import type { QuotaClaim } from '../policy/decision.ts';
import type { Clock } from '../ports/clock.ts';
import type { Ids } from '../ports/ids.ts';
import { rfc3339, withExpiry, withFirstRequest, withQuota } from './annotate.ts';
import { takeEntries, takeRecords } from './page.ts';
import { REPLY_RETENTION_MS } from './port.ts';
import type {
  Admission,
  Admitted,
  Ledger,
  Owner,
  QuotaState,
  RequestState,
  Settled,
  Settlement,
  StoredRecord,
  StoredReply,
} from './port.ts';

/**
 * The reference model of the ledger: plain maps and arrays, written to be read beside the port's
 * comments, sharing no decision with the SQLite one. For tests and for smoke tests in other
 * runtimes; durable in no sense. Each step runs within one turn, which is all its atomicity.
 */
interface Request {
  readonly admission: Admission;
  readonly admittedAt: number;
  readonly expiresAt: number | null;
  readonly decidedSeq: number;
  readonly charged: ReadonlyMap<string, number>;
  state: RequestState;
  settledAt: number | null;
  settledBy: Settlement['by'] | null;
  outcomeSeq: number | null;
}

interface Key {
  readonly requestId: string;
  readonly fingerprint: string;
  reply: StoredReply | null;
  keepUntil: number;
}

export function createMemoryLedger({ clock, ids }: { clock: Clock; ids: Ids }): Ledger {
  const records: StoredRecord[] = [];
  const requests = new Map<string, Request>();
  const keys = new Map<string, Key>();
  const counters = new Map<string, { used: number; windowEnd: number }>();
  const cursors = new Map<string, number>();
  let prev = GENESIS_HASH;
  let time = 0;

  const now = (): number => Math.max(time, Math.trunc(clock.now()));

  function append(record: RecordDraft): number {
    const seq = records.length + 1;
    const at = now();
    const { line, hash } = chainRecord(record, { seq, id: ids.uuid7(), time: rfc3339(at), prev });
    records.push({ seq, line });
    prev = hash;
    time = at;
    return seq;
  }

  function draft(seq: number): RecordDraft {
    const record = records[seq - 1];
    if (record === undefined) throw new Error(`record ${seq} is missing`);
    return draftOf(record.line);
  }

  const windowEnd = (claim: QuotaClaim): number => now() - (now() % claim.windowMs) + claim.windowMs;
  const counterKey = (claim: QuotaClaim): string =>
    JSON.stringify([claim.quota, claim.unit, claim.counter, claim.windowMs, windowEnd(claim)]);
  const used = (claim: QuotaClaim): number => counters.get(counterKey(claim))?.used ?? 0;

  function charge(claims: readonly QuotaClaim[]): ReadonlyMap<string, number> {
    const charged = new Map<string, number>();
    for (const claim of claims) {
      const key = counterKey(claim);
      counters.set(key, { used: used(claim) + claim.amount, windowEnd: windowEnd(claim) });
      charged.set(key, (charged.get(key) ?? 0) + claim.amount);
    }
    return charged;
  }

  const state = (claim: QuotaClaim): QuotaState => ({
    quota: claim.quota,
    unit: claim.unit,
    limit: claim.limit,
    windowMs: claim.windowMs,
    remaining: Math.max(0, claim.limit - used(claim)),
    resetMs: windowEnd(claim) - now(),
    visible: claim.visible,
  });

  /** A claim fits when it and those before it on the same counter stay within its limit. */
  function unfitting(claims: readonly QuotaClaim[]): QuotaState | null {
    const over = claims.filter((claim, index) => {
      const asked = claims.slice(0, index + 1).filter((other) => counterKey(other) === counterKey(claim));
      return used(claim) + asked.reduce((sum, other) => sum + other.amount, 0) > claim.limit;
    });
    return over.map(state).toSorted((a, b) => b.resetMs - a.resetMs)[0] ?? null;
  }

  function keyName({ owner, idempotency }: Admission): string | null {
    return (
      idempotency && JSON.stringify([owner.issuer, owner.clientId, owner.subject, idempotency.route, idempotency.key])
    );
  }

  /** Appends first: a record that cannot be written leaves no request and no debit. */
  function insert(
    admission: Admission,
    row: { state: 'open' | 'denied'; decided: RecordDraft; expiresAt: number | null; charges: readonly QuotaClaim[] },
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
    });
  }

  function deny(admission: Admission, decided: RecordDraft): void {
    insert(admission, { state: 'denied', decided, expiresAt: null, charges: [] });
  }

  function admitKnown(key: Key, { idempotency, records: { replay } }: Admission): Admitted {
    const firstRequestId = key.requestId;
    if (key.fingerprint !== idempotency?.fingerprint) return { kind: 'key_reused', firstRequestId };
    if (key.reply === null) {
      const seconds = Math.ceil(((requests.get(firstRequestId)?.expiresAt ?? 0) - now()) / 1000);
      return { kind: 'in_flight', firstRequestId, retryAfterS: Math.min(5, Math.max(1, seconds)) };
    }
    if (replay !== null) append(withFirstRequest(replay, firstRequestId, key.reply));
    return { kind: 'replay', firstRequestId, reply: structuredClone(key.reply) };
  }

  function admit(admission: Admission): Admitted {
    const { claims, plan, records: drafts } = admission;
    const name = keyName(admission);
    const key = name === null ? undefined : keys.get(name);
    if (key !== undefined && key.keepUntil > now()) return admitKnown(key, admission);
    if (requests.has(admission.requestId)) throw new Error('request id used twice');

    const perRequest = claims.filter((claim) => claim.unit === 'requests');
    const perEmail = claims.filter((claim) => claim.unit === 'emails');
    if (plan === 'deny') {
      charge(perRequest);
      deny(admission, drafts.decided);
      return { kind: 'denied', quotas: claims.map(state) };
    }
    const over = unfitting(claims);
    if (plan === 'send') charge(perRequest);
    if (over !== null) {
      if (plan === 'send' && drafts.exhausted !== null) deny(admission, withQuota(drafts.exhausted, over.quota));
      return {
        kind: 'exhausted',
        exhausted: over,
        retryAfterS: Math.max(1, Math.ceil(over.resetMs / 1000)),
        quotas: claims.map(state),
      };
    }
    if (plan === 'dry_run') {
      charge(claims);
      append(drafts.decided);
      return { kind: 'previewed' };
    }
    const expiresAt = now() + admission.expiresInMs;
    insert(admission, { state: 'open', decided: withExpiry(drafts.decided, expiresAt), expiresAt, charges: perEmail });
    if (name !== null && admission.idempotency !== null) {
      keys.set(name, {
        requestId: admission.requestId,
        fingerprint: admission.idempotency.fingerprint,
        reply: null,
        keepUntil: Infinity,
      });
    }
    return { kind: 'admitted', expiresAt, quotas: claims.map(state) };
  }

  const isOver = (request: Request): boolean =>
    request.state === 'open' && request.expiresAt !== null && request.expiresAt <= now();

  function settle({ requestId, by, ending, reply, record }: Settlement): Settled {
    const request = requests.get(requestId);
    if (request === undefined) return { kind: 'not_found' };
    const sweptBefore = request.state === 'unknown' && request.settledBy === 'sweep';
    const applies = by === 'sweep' ? isOver(request) : request.state === 'open' || sweptBefore;
    if (!applies) return { kind: 'unchanged', state: request.state };

    request.outcomeSeq = append(record);
    request.state = ending;
    request.settledAt = now();
    request.settledBy = by;
    if (ending === 'refused' || ending === 'not_sent') {
      for (const [counter, amount] of request.charged) {
        const count = counters.get(counter);
        if (count !== undefined) count.used = Math.max(0, count.used - amount);
      }
    }
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
    expiresAt: request.expiresAt,
    settledAt: request.settledAt,
    decided: draft(request.decidedSeq),
    outcome: request.outcomeSeq === null ? null : draft(request.outcomeSeq),
  });

  const visibleTo = (owner: Owner | null, request: Request): boolean =>
    owner === null || JSON.stringify(ownerOf(owner)) === JSON.stringify(ownerOf(request.admission.owner));

  const after = (seq: number, limit: number): readonly StoredRecord[] => takeRecords(records.slice(seq), limit);

  return {
    admit: async (admission) => admit(admission),
    settle: async (settlement) => settle(settlement),
    async find(requestId, owner) {
      const request = requests.get(requestId);
      return request !== undefined && visibleTo(owner, request) ? entry(request) : null;
    },
    async list({ owner, before, limit }) {
      const mine = [...requests.values()].filter((request) => visibleTo(owner, request));
      const ordered = mine.toSorted((a, b) => (a.admission.requestId < b.admission.requestId ? 1 : -1));
      const rest = ordered.filter((request) => before === null || request.admission.requestId < before);
      const entries = takeEntries(rest.map(entry), limit);
      return { entries, next: entries.length < rest.length ? (entries.at(-1)?.requestId ?? null) : null };
    },
    usage: async (claims) => claims.map(state),
    records: async (seq, limit) => after(seq, limit),
    lease: async (sink, limit) => after(cursors.get(sink) ?? 0, limit),
    async ack(sink, seq) {
      cursors.set(sink, Math.max(cursors.get(sink) ?? 0, Math.min(seq, records.length)));
    },
    async expired(limit) {
      const over = [...requests.values()]
        .filter(isOver)
        .toSorted((a, b) => (a.expiresAt ?? 0) - (b.expiresAt ?? 0) || a.decidedSeq - b.decidedSeq);
      return over
        .slice(0, Math.max(0, limit))
        .map((request) => ({ requestId: request.admission.requestId, intent: draft(request.decidedSeq) }));
    },
    async prune() {
      time = now();
      for (const [counter, count] of counters) if (count.windowEnd <= time) counters.delete(counter);
      for (const [name, key] of keys) if (key.keepUntil <= time) keys.delete(name);
    },
    async probe() {},
  };
}

function ownerOf({ issuer, clientId, subject }: Owner): Owner {
  return { issuer, clientId, subject };
}
