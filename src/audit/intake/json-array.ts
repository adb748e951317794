import { SinkError } from '../delivery/sink.ts';
import type { Intake } from './intake.ts';
import { asArray, jsonIn, ORIGIN_ANSWERS, pathOf } from './rows.ts';

/**
 * Intakes that take an array of flat JSON objects, each a row of a table: Cloudflare Pipelines, and the Logs Ingestion API
 * of Azure Monitor, which fills Microsoft Sentinel. The line is verbatim in one column, because a table gives its columns
 * back in an order of its own, with the empty ones. From the pages
 * - https://developers.cloudflare.com/pipelines/streams/writing-to-streams/ and …/pipelines/platform/limits (1 MB in a
 *   request, 5 MB since; the answer counts what was `committed`)
 * - https://learn.microsoft.com/azure/azure-monitor/logs/logs-ingestion-api-overview and …/azure-monitor/service-limits
 *   (1 MB in a request; a value above 64 KB is cut and answered with 204; no array, no record)
 * Neither page of Cloudflare names gzip, so nothing is compressed.
 */
const SENTINEL_HOST = /\.ingest\.monitor\.azure\.(?:com|us|cn)$/;
/** 64 KB, whichever KB is meant. */
const SENTINEL_VALUE_BYTES = 64_000;
const SENTINEL_PATH = /^\/dataCollectionRules\/[^/]+\/streams\/[^/]+$/i;

export const jsonArray = {
  title: 'an intake of JSON arrays',
  contentType: 'application/json',
  isGzipTaken: false,
  credentials: { field: 'Authorization', scheme: 'Bearer ' },
  needsCredentials: false,
  limits: { bodyBytes: 1_000_000, entries: Infinity, entryBytes: Infinity },
  mostLineBytes: ({ hostname }) => (SENTINEL_HOST.test(hostname) ? SENTINEL_VALUE_BYTES : Infinity),
  frame: ({ facts: { time, id, seq, kind }, line }, nowMs) =>
    JSON.stringify({
      time: time ?? new Date(nowMs).toISOString(),
      audit_id: id,
      audit_seq: seq,
      audit_kind: kind,
      line,
    }),
  join: asArray,
  read(answer, entries) {
    const json = jsonIn(answer);
    if (json?.['success'] === false) throw new SinkError('refused');
    const result = json?.['result'];
    const committed = typeof result === 'object' && result !== null && 'committed' in result ? result.committed : null;
    if (typeof committed === 'number' && committed < entries.length) throw new SinkError('partly_refused');
    return [];
  },
  failure: () => null,
  urlProblem(url) {
    if (!SENTINEL_HOST.test(url.hostname)) return null;
    const isWhole = SENTINEL_PATH.test(pathOf(url)) && url.searchParams.has('api-version');
    return isWhole
      ? null
      : 'must end in /dataCollectionRules/RULE/streams/STREAM?api-version=2023-01-01 for the Logs Ingestion API';
  },
  owns: ({ hostname }) => SENTINEL_HOST.test(hostname),
  probe: ORIGIN_ANSWERS,
} as const satisfies Intake;
