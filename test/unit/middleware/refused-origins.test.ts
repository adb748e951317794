import { describe, expect, it } from 'vitest';
import { createRefusedOrigins } from '../../../src/middleware/refused-origins.ts';
import { createFakeClock } from '../../support/clock.ts';
import { recordLogs } from '../../support/upstream.ts';

const HOUR_MS = 3_600_000;

function start() {
  const [clock, logger] = [createFakeClock(), recordLogs()];
  const refused = createRefusedOrigins({ clock, logger });
  const logged = (): unknown[] => logger.lines.map(({ fields }) => (fields as { origin?: string } | undefined)?.origin);
  return { clock, logger, refused, logged };
}

describe('refused origins', () => {
  it('are logged once each', () => {
    const { refused, logger, clock } = start();
    for (const origin of ['https://a.example.com', 'null', 'https://a.example.com']) refused(origin);
    clock.advance(HOUR_MS);
    refused('https://a.example.com');
    expect(logger.lines).toEqual([
      { level: 'warn', event: 'cors_origin_refused', fields: { origin: 'https://a.example.com' } },
      { level: 'warn', event: 'cors_origin_refused', fields: { origin: 'null' } },
    ]);
  });

  it('are logged at most 20 times an hour, and what was left out can be logged later', () => {
    const { refused, logged, clock } = start();
    const origins = Array.from({ length: 30 }, (_, n) => `https://a${String(n)}.example.com`);
    for (const origin of origins) refused(origin);
    expect(logged()).toEqual(origins.slice(0, 20));
    clock.advance(HOUR_MS - 1);
    refused(origins[20] ?? '');
    expect(logged()).toHaveLength(20);
    clock.advance(1);
    for (const origin of origins) refused(origin);
    expect(logged()).toEqual(origins);
  });

  it.each([
    'https://a.example.com/path?token=secret',
    'Bearer eyJhbGciOiJFZERTQSJ9.e30.c2ln',
    'ann@acme.com',
    'https://ann:pw@a.example.com',
    'https://a.example.com\u0000',
    `https://${'a'.repeat(300)}.example.com`,
    '',
  ])('that are no origins are not repeated in the log: %j', (text) => {
    const { refused, logged } = start();
    refused(text);
    refused(`${text}.`);
    expect(logged()).toEqual(['not an origin']);
  });

  it.each(['capacitor://localhost', 'http://[::1]:3000', 'chrome-extension://mhjfbmdgcfjbbpaeojofohoefgiehjai'])(
    'of other forms are logged: %s',
    (origin) => {
      const { refused, logged } = start();
      refused(origin);
      expect(logged()).toEqual([origin]);
    },
  );

  it('are forgotten, the oldest first, when there are very many', () => {
    const { refused, logged, clock } = start();
    for (let n = 0; n <= 1_000; n += 1) {
      if (n % 20 === 0) clock.advance(HOUR_MS);
      refused(`https://a${String(n)}.example.com`);
    }
    clock.advance(HOUR_MS);
    refused('https://a0.example.com');
    refused('https://a1000.example.com');
    expect(logged()).toHaveLength(1_002);
    expect(logged().at(-1)).toBe('https://a0.example.com');
  });
});
