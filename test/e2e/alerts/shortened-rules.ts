import { readFileSync } from 'node:fs';
import { RULES_PATH } from '../../support/alert-rules.ts';

const CHECKPOINT_AGE = 'time() - galileo_invite_proxy_audit_checkpoint_timestamp_seconds';

/** What is shortened besides `for`. */
const SHORTENED: readonly (readonly [from: string, to: string])[] = [
  // Records of a few seconds ago are without a checkpoint in every other scenario, too.
  [
    `${CHECKPOINT_AGE} > 900`,
    `(${CHECKPOINT_AGE}{scenario!="checkpoint stale"} > 900 or ${CHECKPOINT_AGE}{scenario="checkpoint stale"} > 3)`,
  ],
  // A lag of 15 minutes would take 15 minutes.
  ['audit_sink_lag_seconds > 900', 'audit_sink_lag_seconds > 3'],
  // From some seconds of a disk that others use, a whole day cannot be predicted.
  ['[6h], 86400)', '[6h], 20)'],
];

/** The rules of this repository with waits that fit into a test: every `for` is a second. The expressions are those of the file, but for SHORTENED. */
export function shortenedRules(): string {
  let text = readFileSync(RULES_PATH, 'utf8').replaceAll(/^( +)for: .*$/gm, '$1for: 1s');
  for (const [from, to] of SHORTENED) {
    if (!text.includes(from)) throw new Error(`no rule has: ${from}`);
    text = text.replace(from, to);
  }
  return text;
}
