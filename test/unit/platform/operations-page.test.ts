/** Compares docs/operations.md with the source: every log line and every metric is explained on that page. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ANSWER_WITHIN_MS } from '../../../src/ledger/postgres/batch/batches.ts';
import { HEADER_LIMIT_BYTES } from '../../../src/lib/http/header-limit.ts';
import { BODY_TIMEOUT_MS } from '../../../src/middleware/limits/body-limit.ts';
import { BULKHEADS } from '../../../src/middleware/limits/limit-concurrency.ts';
import { MAX_ANSWER_BYTES } from '../../../src/platform/node/http-server/answers-in-flight.ts';
import { exposureOf } from '../../../src/platform/node/http-server/exposure.ts';
import { LISTENER_LIMITS } from '../../../src/platform/node/http-server/listener.ts';
import { REFUSAL_CAUSES } from '../../../src/platform/node/http-server/connections/refusal-causes.ts';
import { COUNTERS, DURATIONS, GAUGES } from '../../../src/ports/metrics.ts';
import { readTree } from '../../arch/source-tree.ts';

const page = readFileSync(new URL('../../../docs/operations.md', import.meta.url), 'utf8');
const rows = page.split('\n').filter((line) => line.startsWith('| '));

describe('the page for operators', () => {
  it('explains every reason for which a listener ends a connection', () => {
    const cells = rows.map((row) => row.split(' | ')[0] ?? '');
    for (const reason of Object.keys(REFUSAL_CAUSES))
      expect(cells.filter((cell) => cell.includes(`\`${reason}\``))).not.toEqual([]);
  });

  it('explains every event that the service logs, at its level', () => {
    const logged = /\blogger\.(debug|info|warn|error)\(\s*'([a-z_]+)'/g;
    const events = new Map(
      [...readTree()]
        .filter(([path]) => path.startsWith('src/'))
        .flatMap(([, text]) => [...text.matchAll(logged)].map(([, level = '', event = '']) => [event, level] as const)),
    );
    expect(events.size).toBeGreaterThan(20);
    for (const [event, level] of events) expect(rows.join('\n')).toContain(`| \`${event}\` | ${level} | `);
  });

  it('explains every metric with its labels', () => {
    const names = [
      ...Object.entries(COUNTERS).map(([name, { labels }]) => [`${name}_total`, labels] as const),
      ...Object.entries(DURATIONS).map(([name, { labels }]) => [`${name}_seconds`, labels] as const),
      ...Object.entries(GAUGES).map(([name, { labels }]) => [name, labels] as const),
    ];
    for (const [name, labels] of names)
      expect(rows.join('\n')).toContain(`| \`${name}\` | ${labels.map((label) => `\`${label}\``).join(' ')} | `);
  });

  it('gives the limits as they are', () => {
    const seconds = (ms: number): string => `${String(ms / 1000)} s`;
    const { headersMs, requestMs, answerMs, maxConnections, maxConnectionsPerAddress } = LISTENER_LIMITS;
    const kib = String(HEADER_LIMIT_BYTES / 1024);
    expect(page).toContain(`| header section to arrive | ${seconds(headersMs)}, ${kib} KiB | `);
    expect(page).toContain(`| body to arrive | ${seconds(BODY_TIMEOUT_MS)}, `);
    expect(page).toContain(`| whole request to arrive | ${seconds(requestMs)} |`);
    expect(page).toContain(`| answer to be taken by its reader | ${seconds(answerMs)}, `);
    expect(page).toContain(`| connections of a listener | ${maxConnections.toLocaleString('en')} |`);
    expect(page).toContain(`| connections of one address | ${String(maxConnectionsPerAddress)} with `);
    expect(page).toContain(`| unread answers of the process | ${String(MAX_ANSWER_BYTES / 1024 / 1024)} MiB, `);
    // Node keeps an idle connection a second longer than configured.
    const idle = [0, 1].map((hops) => exposureOf({ HOST: '0.0.0.0', TRUSTED_PROXY_HOPS: hops }).keepAliveMs + 1000);
    expect(page).toContain(
      `| idle connection | ${seconds(idle[0]!)}; with \`TRUSTED_PROXY_HOPS\` ≥ 1 ${seconds(idle[1]!)}`,
    );
    expect(page).toContain(`| record of the intent to be written, in PostgreSQL | ${seconds(ANSWER_WITHIN_MS)} |`);
    expect(page).toContain(`| any other step or read of the ledger, in PostgreSQL | ${seconds(ANSWER_WITHIN_MS)} |`);
    for (const [bulkhead, { maxConcurrent, maxQueued, queueTimeoutMs }] of Object.entries(BULKHEADS))
      expect(page).toContain(
        `| ${bulkhead} at work · waiting · for | ${String(maxConcurrent)} · ${String(maxQueued)} · ${seconds(queueTimeoutMs)} |`,
      );
  });
});
