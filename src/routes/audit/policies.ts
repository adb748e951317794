/**
 * GET /audit/policies/{digest}: the policy behind a `policy.digest` of a record, as the text whose SHA-256 is the digest.
 * The text is as it is stored: a reader who hashes it knows that it is the one that decided. A digest that the ledger does
 * not keep is a 404. The read is on record itself.
 */
import type { Context } from 'hono';
import type { AppEnv } from '../../middleware/app-env.ts';
import { respondProblem } from '../../middleware/answers/problem-response.ts';
import { respond } from '../../middleware/answers/respond.ts';
import { readQuery } from '../query.ts';
import { readLedger } from '../read-ledger.ts';
import { recordRead } from '../record-read.ts';
import type { RecordReadDeps } from '../record-read.ts';

/** As in records, or as in the field Policy-Digest. */
const DIGEST = /^(?:sha256:)?([0-9a-f]{64})$/;

export async function auditPolicy(c: Context<AppEnv>, deps: RecordReadDeps, asked: string): Promise<Response> {
  const query = readQuery(c, {});
  if (query.kind === 'refused') return query.response;
  const digest = DIGEST.exec(asked)?.[1];
  if (digest === undefined) return respondProblem(c, 'not_found');
  return await readLedger(
    c,
    () => deps.ledger.findPolicy(digest),
    async (document) => {
      await recordRead(c, deps, { what: 'policy', records: 0 });
      if (document === null) return respondProblem(c, 'not_found');
      return respond(c, document, 200, { 'Content-Type': 'application/json' });
    },
  );
}
