import { OCSF_ROWS, OCSF_VERSION } from './ocsf-mapping.ts';

/** Generates docs/audit-ocsf.md from the mapping table. */
export function describeOcsfMapping(): string {
  return [
    '# The audit trail in OCSF',
    '',
    `\`AUDIT_FORMAT=ocsf\` delivers each record as an [OCSF](https://schema.ocsf.io/${OCSF_VERSION}/classes/api_activity) ${OCSF_VERSION} event of the class`,
    'API Activity (6003) with the profile `security_control`. `raw_data` is the native line verbatim: it is what the hash chain',
    'vouches for, and `audit verify` reads it. All else is a copy to search by. A checkpoint is a Base Event (class 0,',
    'activity 99) with `unmapped.count` and `unmapped.head`, and its own line in `raw_data`.',
    '',
    'What has no attribute in this table (evidence, notes, attempts, forced values) is in `raw_data` only. An attribute is left out where the',
    "record's member is absent or null.",
    '',
    '| OCSF attribute | from the record |',
    '|---|---|',
    ...OCSF_ROWS.map(
      ({ attribute, from, value }) =>
        `| \`${attribute}\` | ${from === null ? `always \`${JSON.stringify(value(null))}\`` : `\`${from}\``} |`,
    ),
    '| `raw_data` | the whole line |',
    '',
  ].join('\n');
}
