import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { entryOf } from '../../../../src/audit/delivery/entry.ts';
import { AUDIT_FORMATS } from '../../../../src/audit/format/formats.ts';
import { stdoutLine } from '../../../../src/audit/format/stdout-line.ts';
import { INTAKE_NAMES, INTAKES } from '../../../../src/audit/intake/intakes.ts';
import { TEST_TIME_MS } from '../../../support/clock.ts';
import { longestRecord, longTrail } from '../../../support/audit/long-trail.ts';

const page = readFileSync(new URL('../../../../docs/audit-recipes.md', import.meta.url), 'utf8');
const MIB = 1024 * 1024;

describe('the longest line that the service can write', () => {
  it('is of a record with every list full, of a request larger than the service takes', () => {
    const { request, policy, outcome } = longestRecord();
    expect([request.emails?.length, policy.decisions.length, outcome.evidence?.users.length]).toEqual([500, 500, 500]);
    const body = { emails: request.emails, auth_method: 'okta', role: 'user', group_ids: request.group_ids };
    expect(JSON.stringify(body).length).toBeGreaterThan(64 * 1024);
  });

  it.each(AUDIT_FORMATS)(
    'is as long as docs/audit-recipes.md says in the format %s, and fits into 1 MiB',
    async (format) => {
      const stated = page.match(/has (\d+) kB with `AUDIT_FORMAT=native` and (\d+) kB with `ocsf`/);
      const statedBytes = Number(stated?.[format === 'native' ? 1 : 2]) * 1000;
      const items = await longTrail(1);
      const lengths = items.map((item) => Buffer.byteLength(stdoutLine(format, item, '2026-03-02T10:00:00.000Z')));
      expect(Math.max(...lengths)).toBeLessThan(statedBytes);
      expect(Math.max(...lengths)).toBeGreaterThan(statedBytes * 0.95);
      expect(statedBytes).toBeLessThan(MIB);
    },
  );

  it.each(INTAKE_NAMES)('fits into one request of the preset %s, in both formats', async (name) => {
    const { frame, limits } = INTAKES[name];
    for (const format of AUDIT_FORMATS) {
      const entries = (await longTrail(1)).map((item) => entryOf(item, format));
      const longest = Math.max(...entries.map((entry) => Buffer.byteLength(frame(entry, TEST_TIME_MS))));
      expect(longest).toBeGreaterThan(300_000);
      expect(longest).toBeLessThan(Math.min(limits.bodyBytes, limits.entryBytes));
    }
  });

  it('is below every limit that a recipe sets', () => {
    const limits = [
      ...page.matchAll(
        /(?:maxMessageSize="|maxDataSize="|max_log_size: |buffer_max_size: |maxFrameSize="|log-msg-size\(|batch-bytes\(|max_line_bytes: |message_max_bytes: )(\d+)(m|M|MiB)?/g,
      ),
    ].map(([text, digits, unit]) => ({ text, bytes: Number(digits) * (unit === undefined ? 1 : MIB) }));
    expect(limits.length).toBeGreaterThan(10);
    expect(limits.filter(({ bytes }) => bytes < MIB)).toEqual([]);
  });
});
