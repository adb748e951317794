import type { SqlitePort } from '../sqlite-port.ts';
import { readEnds } from '../trail/trail.ts';

/**
 * The requests that are open, in memory: admitted, and without an outcome. They are few, and an index of them would be
 * written for each invite. Invariant: every open request is among them; one that has ended, or whose admission was rolled
 * back, may be. The head row says up to which record no request is open, so a start reads the records behind it only.
 */
export interface OpenRequests {
  /** Called when a batch begins and has changed nothing, with the hash of the stored end of the trail. */
  begin(storedHash: string): void;
  /** `seq`: of the record that admitted it. */
  add(seq: number, request: RequestKey): void;
  end(seq: number): void;
  /** The seq up to which no request is open. `hash`: the end of the trail that this batch writes. */
  openAfter(head: { readonly seq: number; readonly hash: string }): number;
  /** The seq of the first that is open; null when none is. */
  first(): number | null;
  /** Those that expire up to `now`, the first to expire first. Not to be called inside a batch. */
  expired(now: number): readonly ExpiredRow[];
}

export interface RequestKey {
  readonly owner: number;
  readonly requestId: string;
}

export interface ExpiredRow {
  readonly requestId: string;
  readonly decidedSeq: number;
  readonly expiresAt: number;
}

/** `seq`: of the record that admitted it. */
type OpenRow = RequestKey & { readonly seq: number };
type StateRow = { state: string; expires_at: number | null; decided_seq: number };

const ENDED: ReadonlySet<string> = new Set(['accepted', 'refused', 'not_sent', 'unknown', 'denied']);

export function createOpenRequests(sqlite: SqlitePort): OpenRequests {
  /** By seq, in order. Null until they are needed. */
  let loaded: OpenRow[] | null = null;
  /** Ended by the last batch. */
  let ended = new Set<number>();
  /** Where the trail ends if the last batch was committed and no other writer has written since. Null until that is known. */
  let end: string | null = null;

  function all(): OpenRow[] {
    if (loaded !== null) return loaded;
    const rows = sqlite.run<{ seq: number; owner: number; request_id: string }>(
      `SELECT seq, owner, request_id FROM records CROSS JOIN requests USING (owner, request_id)
       WHERE seq > ? AND decided_seq = seq AND state = 'open' ORDER BY seq`,
      readEnds(sqlite).openAfter,
    );
    loaded = rows.map(({ seq, owner, request_id: requestId }) => ({ seq, owner, requestId }));
    return loaded;
  }

  function stateOf({ owner, requestId }: RequestKey): StateRow | undefined {
    return sqlite.run<StateRow>(
      `SELECT state, expires_at, decided_seq FROM requests WHERE owner = ? AND request_id = ?`,
      owner,
      requestId,
    )[0];
  }

  return {
    begin(storedHash) {
      if (storedHash !== end) loaded = null;
      else if (ended.size > 0) loaded = loaded?.filter(({ seq }) => !ended.has(seq)) ?? null;
      // Before the first change: what is read after it is not true when the batch is rolled back.
      all();
      ended = new Set();
      end = storedHash;
    },
    add(seq, request) {
      end = null;
      all().push({ seq, ...request });
    },
    end(seq) {
      end = null;
      ended.add(seq);
    },
    openAfter({ seq, hash }) {
      end = hash;
      const [first] = all();
      return first === undefined ? seq : first.seq - 1;
    },
    first() {
      return all().find((request) => stateOf(request)?.state === 'open')?.seq ?? null;
    },
    expired(now) {
      const expired: ExpiredRow[] = [];
      const remaining: OpenRow[] = [];
      for (const request of all()) {
        const { seq } = request;
        const row = stateOf(request);
        if (row === undefined || ENDED.has(row.state) || row.decided_seq !== seq) continue;
        remaining.push(request);
        if (row.state === 'open' && row.expires_at !== null && row.expires_at <= now)
          expired.push({ requestId: request.requestId, decidedSeq: seq, expiresAt: row.expires_at });
      }
      loaded = remaining;
      return expired.toSorted((a, b) => a.expiresAt - b.expiresAt || a.decidedSeq - b.decidedSeq);
    },
  };
}
