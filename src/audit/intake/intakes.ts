import { datadog } from './datadog.ts';
import { elasticBulk } from './elastic-bulk.ts';
import type { Intake } from './intake.ts';
import { jsonArray } from './json-array.ts';
import { ndjson } from './ndjson.ts';
import { splunkHec } from './splunk-hec.ts';

/** The intakes that the http sink can write to, by the name in AUDIT_HTTP_PRESET. */
export const INTAKE_NAMES = ['ndjson', 'splunk-hec', 'elastic-bulk', 'datadog', 'json-array'] as const;
export type IntakeName = (typeof INTAKE_NAMES)[number];

export const INTAKES: Readonly<Record<IntakeName, Intake>> = {
  ndjson,
  'splunk-hec': splunkHec,
  'elastic-bulk': elasticBulk,
  datadog,
  'json-array': jsonArray,
};

/** What is wrong with an address for this intake, as the second half of a sentence; null when nothing is. */
export function intakeUrlProblem(name: IntakeName, url: URL): string | null {
  const owner = INTAKE_NAMES.find((other) => other !== name && INTAKES[other].owns(url));
  if (owner !== undefined && !INTAKES[name].owns(url)) {
    return `is an address of ${INTAKES[owner].title}: set AUDIT_HTTP_PRESET=${owner}`;
  }
  return INTAKES[name].urlProblem(url);
}
