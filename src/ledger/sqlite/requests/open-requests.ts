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

type StateRow = { state: string; expires_at: number | null; decided_seq: number };

const ENDED: ReadonlySet<string> = new Set(['accepted', 'refused', 'not_sent', 'unknown', 'denied']);

export function createOpenRequests(sqlite: SqlitePort): OpenRequests {
  /** By seq, in order. Null until they are needed. */
  let loaded: Map<number, RequestKey> | null = null;
  /** Ended by the last batch. */
  let ended: number[] = [];
  /** Where the trail ends if the last batch was committed and no other writer has written since. Null until that is known. */
  let end: string | null = null;

  function all(): Map<number, RequestKey> {
    if (loaded !== null) return loaded;
    const rows = sqlite.run<{ seq: number; owner: number; request_id: string }>(
      `SELECT seq, owner, request_id FROM records CROSS JOIN requests USING (owner, request_id)
       WHERE seq > ? AND decided_seq = seq AND state = 'open' ORDER BY seq`,
      readEnds(sqlite).openAfter,
    );
    loaded = new Map(rows.map(({ seq, owner, request_id: requestId }) => [seq, { owner, requestId }]));
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
      if (storedHash === end) for (const seq of ended) loaded?.delete(seq);
      else loaded = null;
      // Before the first change: what is read after it is not true when the batch is rolled back.
      all();
      ended = [];
      end = storedHash;
    },
    add(seq, request) {
      end = null;
      all().set(seq, request);
    },
    end(seq) {
      end = null;
      ended.push(seq);
    },
    openAfter({ seq, hash }) {
      end = hash;
      const [first] = all().keys();
      return first === undefined ? seq : first - 1;
    },
    first() {
      for (const [seq, request] of all()) if (stateOf(request)?.state === 'open') return seq;
      return null;
    },
    expired(now) {
      const expired: ExpiredRow[] = [];
      for (const [seq, request] of all()) {
        const row = stateOf(request);
        if (row === undefined || ENDED.has(row.state) || row.decided_seq !== seq) all().delete(seq);
        else if (row.state === 'open' && row.expires_at !== null && row.expires_at <= now)
          expired.push({ requestId: request.requestId, decidedSeq: seq, expiresAt: row.expires_at });
      }
      return expired.toSorted((a, b) => a.expiresAt - b.expiresAt || a.decidedSeq - b.decidedSeq);
    },
  };
}
