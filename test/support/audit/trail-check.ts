/**
 * Checks the trail of a test against the published JSON Schema of audit records, and against the requests that the
 * stand-in Galileo received. Each request that arrived has an intent with the hash of exactly its bytes, and arrived as
 * often as its outcome records attempts.
 */
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { expect } from 'vitest';
import type { Received } from '../../../dev/galileo.ts';
import type { RequestRecord } from '../../../src/audit/record.ts';

/** `received` is null where a test replaced the stand-in Galileo, so that no request can be counted. */
export function checkTrail(received: readonly Received[] | null, records: readonly RequestRecord[]): void {
  for (const record of records) checkRecord(record);
  if (received !== null) checkReceived(received, records);
}

const ajv = new Ajv2020({ allErrors: true, strict: false });
addFormats.default(ajv);
const published = new URL('../../../docs/audit-record.schema.json', import.meta.url);
const fits = ajv.compile(JSON.parse(readFileSync(published, 'utf8')) as object);

/** Throws when the published schema refuses it. */
export function checkRecord(record: unknown): void {
  if (!fits(record)) throw new Error(`not as published: ${ajv.errorsText(fits.errors)}\n${JSON.stringify(record)}`);
}

function checkReceived(received: readonly Received[], records: readonly RequestRecord[]): void {
  const arrived = countBy(received, ({ sha256 }) => sha256);
  const tried = new Map<string, number>();
  for (const intent of records.filter(({ kind }) => kind === 'intent')) {
    const sha256 = intent.request_sha256 ?? 'an intent without a hash';
    const outcome = records.find(
      (record) =>
        record.kind === 'outcome' &&
        record.request_id === intent.request_id &&
        record.outcome.settled_by === 'exchange',
    );
    // A request without an outcome of its own (a failing ledger, a crash) was sent once.
    const times = outcome?.outcome.attempts?.filter(({ result }) => result !== 'not_sent').length ?? 1;
    if (times > 0) tried.set(sha256, (tried.get(sha256) ?? 0) + times);
  }
  expect(Object.fromEntries(arrived)).toEqual(Object.fromEntries(tried));
}

function countBy<T>(items: readonly T[], key: (item: T) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(key(item), (counts.get(key(item)) ?? 0) + 1);
  return counts;
}
