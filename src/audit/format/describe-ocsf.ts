import { ocsfChanges } from './ocsf-change.ts';
import { OCSF_ROWS, OCSF_VERSION } from './ocsf-mapping.ts';

/** Generates docs/audit-ocsf.md from the mapping table. */
export function describeOcsfMapping(): string {
  return [
    '# The audit trail in OCSF',
    '',
    `\`AUDIT_FORMAT=ocsf\` delivers each record about requests as an [OCSF](https://schema.ocsf.io/${OCSF_VERSION}/classes/api_activity) ${OCSF_VERSION} event of the class`,
    'API Activity (6003) with the profiles `security_control` and `trace`. `raw_data` is the native line verbatim: it is what the hash chain',
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
    'A record of kind `read` is an API Activity, too, with the activity Read: `actor` is the reader, `count`, `start_time` and',
    '`end_time` are about the reads of a minute, and `unmapped` has the other members of `read`. `actor.app_name` replaces',
    'the reader in the record about all readers beyond the limit.',
    '',
    'A record of kind `change` has a class of its own. The start and the stop of the service name it as `app`. Every other',
    'change names what was acted upon as `entity`, with its identifier before the change in `entity.uid` and after it in',
    '`entity_result.uid` (in `entity.uid` where there was none before). `unmapped` has the other members of `change`.',
    '',
    '| `change.what` | class | `message` |',
    '|---|---|---|',
    ...ocsfChanges().map(({ what, of, message }) => `| \`${what}\` | ${of} | ${message} |`),
    '',
  ].join('\n');
}
