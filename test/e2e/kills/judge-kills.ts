/** Compares what Galileo received, what the callers were answered and what the trail holds after many kills. */
import type { Received } from '../../../dev/galileo.ts';
import { verifyChain } from '../../../src/audit/chain.ts';
import type { RequestRecord } from '../../../src/audit/record.ts';
import type { CallersTally } from './callers.ts';

export interface KillsFound {
  readonly sent: number;
  /** Requests at Galileo beyond the intents for the same bytes. */
  readonly sentWithoutRecord: number;
  readonly sentTwice: number;
  /** Answered with 200, but the trail has no outcome `accepted`. */
  readonly answeredWithoutOutcome: number;
  /** Intents without an outcome. */
  readonly open: number;
  readonly chain: string;
}

/** What must be found. */
export const NO_DAMAGE = { sentWithoutRecord: 0, sentTwice: 0, answeredWithoutOutcome: 0, open: 0, chain: 'intact' };

export function judgeKills(
  lines: readonly string[],
  received: readonly Received[],
  { accepted }: CallersTally,
): KillsFound {
  const records = lines.map((line) => JSON.parse(line) as RequestRecord);
  const intents = records.filter(({ kind }) => kind === 'intent');
  const results = new Map(
    records.filter(({ kind }) => kind === 'outcome').map((record) => [record.request_id, record.outcome.result]),
  );
  const recorded = countsOf(intents.map((record) => record.request_sha256 ?? ''));
  const sent = received.filter(({ method }) => method === 'POST').map(({ sha256 }) => sha256);
  const acceptedInTrail = new Set(
    intents
      .filter(({ request_id: id }) => results.get(id) === 'accepted')
      .flatMap(({ request }) => request.emails ?? []),
  );
  return {
    sent: sent.length,
    sentWithoutRecord: [...countsOf(sent)]
      .map(([sha256, count]) => Math.max(0, count - (recorded.get(sha256) ?? 0)))
      .reduce((sum, count) => sum + count, 0),
    sentTwice: sent.length - new Set(sent).size,
    answeredWithoutOutcome: [...accepted].filter((email) => !acceptedInTrail.has(email)).length,
    open: intents.filter(({ request_id: id }) => !results.has(id)).length,
    chain: verifyChain([...lines]).kind,
  };
}

function countsOf(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

/** One line for people. */
export function printKills(
  what: string,
  { rounds, seed }: { readonly rounds: number; readonly seed: number },
  found: KillsFound,
  { invites, repeats, lost, statuses }: CallersTally,
): void {
  const answers = [...statuses].toSorted(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`);
  process.stdout.write(
    `${what}: ${rounds} kills, KILL_SEED=${seed}; ${invites} invites, ${repeats} repeated, ${lost} connections lost, ` +
      `answers ${answers.join(', ')}; ${found.sent} at Galileo, ${found.sentWithoutRecord} without a record, ` +
      `${found.sentTwice} twice; ${found.answeredWithoutOutcome} answered without an outcome; ` +
      `${found.open} open after the sweep; chain ${found.chain}\n`,
  );
}
