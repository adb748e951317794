import type { RequestRow, RequestTable } from '../../../audit/verify/tables/request-rows.ts';
import type { StoredRecord } from '../../port.ts';
import type { Run } from '../postgres-port.ts';
import { readFurther, readRequestRows } from './request-rows.ts';
import type { FurtherRow } from './request-rows.ts';

/**
 * Looks up the rows of the requests that a page of records names, all at once: a verification asks for a row or two for
 * each record, and would otherwise wait for the server each time. What a page names is a guess from its text; what it does
 * not name is asked for one by one. Holds one page. Only inside of a snapshot, where rows do not change.
 */
export interface RequestLookups extends Pick<RequestTable, 'row' | 'listsFurther'> {
  /** The records that are verified next. */
  prepare(run: Run, page: readonly StoredRecord[]): Promise<void>;
  /** Forgets the page. */
  clear(): void;
}

interface Page {
  readonly ids: ReadonlySet<string>;
  readonly rows: ReadonlyMap<string, RequestRow>;
  readonly further: ReadonlySet<string>;
  /** The seqs of its records are in (after, upTo]. */
  readonly after: number;
  readonly upTo: number;
}

const NAMED = /"(?:first_)?request_id":"([0-9a-f-]{36})"/g;

export function createRequestLookups(read: <T>(work: (run: Run) => Promise<T>) => Promise<T>): RequestLookups {
  let page: Page | null = null;
  return {
    async prepare(run, records) {
      const first = records[0];
      const last = records.at(-1);
      if (first === undefined || last === undefined) return void (page = null);
      const ids = new Set(records.flatMap(({ line }) => [...line.matchAll(NAMED)].map(([, id = '']) => id)));
      const range = { after: first.seq - 1, upTo: last.seq };
      const [rows, further] = await Promise.all([readRequestRows(run, [...ids]), readFurther(run, [...ids], range)]);
      page = { ids, rows, further: new Set(further.map(nameOf)), ...range };
    },
    clear: () => void (page = null),
    async row(requestId) {
      if (page?.ids.has(requestId) === true) return page.rows.get(requestId) ?? null;
      return (await read((run) => readRequestRows(run, [requestId]))).get(requestId) ?? null;
    },
    async listsFurther(requestId, seq, kind) {
      if (page?.ids.has(requestId) === true && seq > page.after && seq <= page.upTo)
        return page.further.has(nameOf({ requestId, seq, kind }));
      const found = await read((run) => readFurther(run, [requestId], { after: seq - 1, upTo: seq }));
      return found.some((one) => one.kind === kind);
    },
  };
}

function nameOf({ requestId, seq, kind }: FurtherRow): string {
  return `${requestId} ${kind} ${seq}`;
}
