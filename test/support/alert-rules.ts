import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import * as z from 'zod';

/** deploy/prometheus/rules.yaml, read strictly. */
export const RULES_PATH = fileURLToPath(new URL('../../deploy/prometheus/rules.yaml', import.meta.url));

const rule = z.strictObject({
  alert: z.string(),
  expr: z.string(),
  for: z.string(),
  labels: z.strictObject({ severity: z.enum(['critical', 'warning']) }),
  annotations: z.strictObject({ summary: z.string(), description: z.string(), runbook_url: z.url() }),
});
const record = z.strictObject({ record: z.string(), expr: z.string() });
const file = z.object({ groups: z.array(z.object({ rules: z.array(z.union([rule, record])) })) });

export type AlertRule = z.output<typeof rule>;
export type RecordingRule = z.output<typeof record>;

export function readRules(): readonly (AlertRule | RecordingRule)[] {
  return file.parse(parse(readFileSync(RULES_PATH, 'utf8'))).groups.flatMap(({ rules }) => rules);
}

export function readAlerts(): readonly AlertRule[] {
  return readRules().filter((one): one is AlertRule => 'alert' in one);
}
