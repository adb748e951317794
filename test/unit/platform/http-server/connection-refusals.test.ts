import { describe, expect, it } from 'vitest';
import { createConnectionRefusals } from '../../../../src/platform/node/http-server/connections/connection-refusals.ts';
import { createFakeClock } from '../../../support/clock.ts';
import { recordLogs, recordMetrics } from '../../../support/upstream.ts';

describe('refused connections', () => {
  it('are each counted, and logged together in one line per ten seconds', () => {
    const [logger, metrics, schedule] = [recordLogs(), recordMetrics(), createFakeClock()];
    const refusals = createConnectionRefusals({ listener: 'public', logger, metrics, schedule });
    for (let n = 0; n < 200; n += 1) refusals.count('timeout');
    refusals.count('malformed');
    expect(logger.lines).toEqual([]);
    schedule.advance(10_000);
    expect(logger.lines).toEqual([
      { level: 'warn', event: 'connections_refused', fields: { listener: 'public', timeout: 200, malformed: 1 } },
    ]);
    expect(metrics.samples).toHaveLength(201);
    schedule.advance(60_000);
    refusals.report();
    expect(logger.lines).toHaveLength(1);
    refusals.count('too_many');
    refusals.report();
    expect(logger.lines[1]?.fields).toEqual({ listener: 'public', too_many: 1 });
    expect(schedule.waitingMs).toEqual([]);
  });

  it('are logged with what an operator can change', () => {
    const [logger, metrics, schedule] = [recordLogs(), recordMetrics(), createFakeClock()];
    const refusals = createConnectionRefusals({ listener: 'public', logger, metrics, schedule });
    for (const reason of ['tls_handshake', 'too_many_of_address', 'tls_handshake'] as const) refusals.count(reason);
    refusals.report();
    expect(logger.lines[0]?.fields).toEqual({
      listener: 'public',
      tls_handshake: 2,
      too_many_of_address: 1,
      remedy:
        'A connection began with a TLS handshake; this port speaks plain HTTP. Let the load balancer use http here. One address had too many connections. If it is a load balancer or a proxy, set TRUSTED_PROXY_HOPS.',
    });
  });
});
