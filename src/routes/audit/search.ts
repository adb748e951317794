/**
 * POST /audit/search: the matching records, verbatim, as NDJSON, paged by `seq` like the trail itself. It reads the
 * trail slice by slice until the page is full or the trail ends, and stops when the caller disconnects. All searches
 * together read one slice per turn of the event loop. Invariant: an empty answer means that no record after `after`
 * matches. Filters are never logged. Records that cannot be read are left out, and a header field names them.
 */
import type { Context } from 'hono';
import { isHmacForm } from '../../audit/record-address.ts';
import type { SearchFilter } from '../../audit/search.ts';
import type { AuditSearch } from '../../audit/search-request.ts';
import type { Deps } from '../../deps.ts';
import { MAX_PAGE_LENGTH, takeLines } from '../../ledger/page.ts';
import type { StoredRecord } from '../../ledger/port.ts';
import type { AppEnv } from '../../middleware/app-env.ts';
import { ndjson } from './ndjson.ts';
import { readLedger } from '../read-ledger.ts';

export type SearchDeps = Pick<Deps, 'ledger' | 'recordAddress' | 'schedule' | 'canAwaitAcrossRequests'>;

type SearchAudit = (c: Context<AppEnv>, search: AuditSearch) => Promise<Response>;

/** Every call creates a queue of its own. */
export function createSearchAudit(deps: SearchDeps): SearchAudit {
  const inOwnTurn = createOneReadPerTurn(deps);
  return async function searchAudit(c, search) {
    return await readLedger(
      c,
      () => findPage({ ...deps, inOwnTurn }, search, c.req.raw.signal),
      ({ records, unreadable }) => {
        if (unreadable.length > 0) c.header('Audit-Unreadable-Records', unreadableField(unreadable));
        return ndjson(c, records);
      },
    );
  };
}

type InTurn = <T>(read: () => Promise<T>) => Promise<T>;

/**
 * Runs one read per turn of the event loop. A ledger in this process answers in the same turn, so the slices of many
 * searches would otherwise run back to back and delay every invite. Where requests must not wait for one another, each
 * search only yields between its own slices.
 */
function createOneReadPerTurn(deps: Pick<SearchDeps, 'schedule' | 'canAwaitAcrossRequests'>): InTurn {
  const { canAwaitAcrossRequests } = deps;
  let last: Promise<unknown> = Promise.resolve();
  const nextTurn = () => new Promise<void>((resolve) => void deps.schedule.after(0, resolve));
  return async function inOwnTurn(read) {
    const before = canAwaitAcrossRequests ? last : Promise.resolve();
    const turn = before.then(nextTurn).then(read);
    if (canAwaitAcrossRequests) last = turn.catch(() => undefined);
    return await turn;
  };
}

async function findPage(
  { ledger, recordAddress, inOwnTurn }: Pick<SearchDeps, 'ledger' | 'recordAddress'> & { readonly inOwnTurn: InTurn },
  search: AuditSearch,
  disconnected: AbortSignal,
): Promise<SearchPage> {
  const filter = filterOf(search, recordAddress);
  const found: StoredRecord[] = [];
  const unreadable: number[] = [];
  let length = 0;
  for (let after = search.after; ;) {
    const slice = await inOwnTurn(() => ledger.search({ filter, after, limit: search.limit - found.length }));
    found.push(...slice.records);
    unreadable.push(...slice.unreadable);
    length = slice.records.reduce((sum, { line }) => sum + line.length, length);
    const full = found.length >= search.limit || length >= MAX_PAGE_LENGTH;
    if (full || slice.done || disconnected.aborted) {
      const records = takeLines(found, search.limit);
      // The next page begins after the last record of this one.
      const end = records.length < found.length ? (records.at(-1)?.seq ?? after) : slice.scannedTo;
      return { records, unreadable: unreadable.filter((seq) => seq <= end) };
    }
    after = slice.scannedTo;
  }
}

interface SearchPage {
  readonly records: readonly StoredRecord[];
  /** The `seq` of records on this page's stretch of the trail that cannot be read. */
  readonly unreadable: readonly number[];
}

/** Keeps the field small when a long stretch of the trail is damaged. */
const MAX_LISTED = 100;

/** An RFC 9651 dictionary: how many there are, and the first MAX_LISTED of them. */
function unreadableField(seqs: readonly number[]): string {
  return `count=${seqs.length}, seq=(${seqs.slice(0, MAX_LISTED).join(' ')})`;
}

function filterOf(search: AuditSearch, recordAddress: Deps['recordAddress']): SearchFilter {
  const { request_id: requestId, subject, client_id: clientId, email, outcome, rule, from, to } = search;
  return {
    ...(requestId === undefined ? {} : { requestId }),
    ...(subject === undefined ? {} : { subject }),
    ...(clientId === undefined ? {} : { clientId }),
    ...(email === undefined ? {} : { email: isHmacForm(email) ? email : recordAddress(email) }),
    ...(outcome === undefined ? {} : { outcome }),
    ...(rule === undefined ? {} : { rule }),
    ...(from === undefined ? {} : { fromMs: Date.parse(from) }),
    ...(to === undefined ? {} : { toMs: Date.parse(to) }),
  };
}
