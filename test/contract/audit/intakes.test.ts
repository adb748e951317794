/**
 * The stand-ins of the vendors behind a real socket and the service's own HTTP client: compression, header fields and
 * bodies as they are on the wire.
 */
import { describe, expect, it, onTestFinished } from 'vitest';
import { createHttpClient } from '../../../src/platform/node/http-client/http-client.ts';
import { auditItems } from '../../support/audit/audit-items.ts';
import { createFakeClock } from '../../support/clock.ts';
import { served } from '../../support/intakes/served.ts';
import { createStandIn, sinkTo } from '../../support/intakes/stand-in.ts';
import { VENDORS } from '../../support/intakes/vendors.ts';

const TOKEN = 'intake-token-5f0c2b7a91';

describe.each(VENDORS)('$name over a socket', (vendor) => {
  it('takes what the service sends, refuses a wrong token, and loses nothing to a cut connection', async () => {
    const clock = createFakeClock();
    const standIn = createStandIn(vendor, clock, TOKEN);
    const client = createHttpClient({ maxConnectionsPerOrigin: 2 });
    onTestFinished(async () => {
      client.cut();
      await client.close();
    });
    const url = await served(vendor, standIn);
    let token = TOKEN;
    const sink = sinkTo({ ...vendor, url }, { http: client }, clock, { token: async () => token });
    const items = await auditItems();
    await sink.write(items.slice(0, 2));
    expect(standIn.stored.map(({ line }) => line)).toEqual(items.slice(0, 2).map(({ line }) => line));

    token = 'another-token-0123456789';
    await expect(sink.write(items.slice(2))).rejects.toMatchObject({ reason: 'credentials_rejected' });
    token = TOKEN;
    standIn.conduct.at = (request) => (request === 3 ? 'cut half way' : 'works');
    await expect(sink.write(items.slice(2))).rejects.toMatchObject({ reason: 'connection_lost' });
    await sink.write(items.slice(2));
    expect([...new Set(standIn.stored.map(({ line }) => line))]).toEqual(items.map(({ line }) => line));
  });
});
