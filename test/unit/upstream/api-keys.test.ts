import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { Secret } from '../../../src/lib/secret.ts';
import { checkApiKey, createKeySearch, fingerprint, trimApiKey } from '../../../src/upstream/api-keys.ts';
import { disguises, LISTED_RENDERINGS } from '../../support/key-disguises.ts';
import { CURRENT_KEY, NEXT_KEY } from '../../support/upstream.ts';

describe('an API key', () => {
  it.each([CURRENT_KEY, `${CURRENT_KEY}\n`, `\ufeff${CURRENT_KEY}\r\n`, 'exactly-16-chars'])('%j is fit', (value) => {
    expect(checkApiKey(value)).toBeNull();
    expect(trimApiKey(value)).not.toMatch(/[\r\n\ufeff]/);
  });

  it.each([
    ['', 'is empty'],
    ['\n', 'is empty'],
    [`${CURRENT_KEY}\n\n`, 'holds a line break'],
    [`${CURRENT_KEY}\r`, 'holds a line break'],
    [`${CURRENT_KEY}\r\nX-Evil: 1`, 'holds a line break'],
    [`\n${CURRENT_KEY}`, 'holds a line break'],
    [` ${CURRENT_KEY}`, 'holds a space'],
    [`${CURRENT_KEY}\t`, 'holds a space'],
    [`${CURRENT_KEY}\u00a0`, 'holds a space'],
    [`${CURRENT_KEY}é`, 'holds characters other than visible ASCII'],
    [`${CURRENT_KEY}\u0000`, 'holds characters other than visible ASCII'],
    ['only-15-chars--', 'is shorter than 16 characters'],
    ['%41%42%43%44%45%46', 'consists of escapes'],
  ])('%j is refused because it %s', (value, problem) => {
    expect(checkApiKey(value)).toBe(problem);
  });

  it('has a fingerprint of 12 hex digits that tells keys apart', () => {
    expect(fingerprint(new Secret(CURRENT_KEY))).toMatch(/^[0-9a-f]{12}$/);
    expect(fingerprint(new Secret(CURRENT_KEY))).toBe(fingerprint(new Secret(CURRENT_KEY)));
    expect(fingerprint(new Secret(CURRENT_KEY))).not.toBe(fingerprint(new Secret(NEXT_KEY)));
  });
});

describe('the list of renderings in SECURITY.md', () => {
  it('names exactly those that the tests try', () => {
    const page = readFileSync('SECURITY.md', 'utf8').split('## Renderings of the key')[1]?.split('\n## ')[0] ?? '';
    const listed = [...page.matchAll(/^- \*\*(.+?)\*\*/gm)].map(([, name]) => name);
    expect(listed).toEqual(LISTED_RENDERINGS);
    const tried = new Set(disguises(CURRENT_KEY).map(([name]) => name.split(',')[0]));
    expect(tried).toEqual(new Set(LISTED_RENDERINGS));
  });
});

describe('the search for a key', () => {
  const holdsKey = createKeySearch([new Secret(CURRENT_KEY), new Secret(NEXT_KEY)]);

  it.each([...disguises(CURRENT_KEY), ...disguises(NEXT_KEY)])('finds it %s', (_name, text) => {
    expect(holdsKey(text)).toBe(true);
    expect(holdsKey(`{"message":"${'x'.repeat(1_000)}${text}${'y'.repeat(1_000)}"}`)).toBe(true);
  });

  it('finds it in base64url where that differs from base64 throughout', () => {
    const dense = '>>>???~~~>>>???~~~';
    const search = createKeySearch([new Secret(dense)]);
    for (const before of ['', ':', 'u:']) {
      expect(search(Buffer.from(before + dense).toString('base64url'))).toBe(true);
      expect(search(Buffer.from(before + dense).toString('base64'))).toBe(true);
    }
  });

  it('does not take 11 characters of it, or ordinary answers, for the key', () => {
    for (const text of [
      '',
      '{}',
      '{"detail":"Invalid credentials"}',
      CURRENT_KEY.slice(0, 11),
      CURRENT_KEY.slice(-11),
      'Galileo-API-Key',
    ]) {
      expect(holdsKey(text)).toBe(false);
    }
  });

  it('finds every 12 characters of any key at any place', () => {
    const keys = fc.string({
      unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
      minLength: 16,
      maxLength: 80,
    });
    fc.assert(
      fc.property(
        keys,
        fc.nat(),
        fc.string({ maxLength: 40 }),
        fc.string({ maxLength: 40 }),
        (key, at, before, behind) => {
          const piece = key.slice(at % (key.length - 11)).slice(0, 12);
          return createKeySearch([new Secret(key)])(before + piece + behind);
        },
      ),
    );
  });

  it('finds any key in every rendering, also one that holds what looks like escapes', () => {
    const characters = fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code));
    const parts = fc.oneof(
      { weight: 8, arbitrary: characters },
      fc.constantFrom('%41', '%25', '&amp;', '&#65;', '%', '&', '&#x', '\\'),
    );
    const keys = fc.string({ unit: parts, minLength: 24, maxLength: 60 }).filter((key) => checkApiKey(key) === null);
    fc.assert(
      fc.property(keys, (key) => {
        const search = createKeySearch([new Secret(key)]);
        // A piece may cut what looks like an escape, so only whole keys are tried.
        const whole = disguises(key).filter(([name]) => !name.includes('12 characters'));
        const missed = whole.filter(([, text]) => !search(`{"message":"${text}"}`));
        expect(missed).toEqual([]);
      }),
    );
  });

  it('finds the key in base64 of anything around it', () => {
    fc.assert(
      fc.property(
        fc.string({ maxLength: 9 }),
        fc.string({ maxLength: 9 }),
        fc.constantFrom('base64', 'base64url'),
        (before, behind, form) => holdsKey(Buffer.from(before + CURRENT_KEY + behind).toString(form)),
      ),
    );
  });
});
