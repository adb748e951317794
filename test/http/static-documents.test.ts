/**
 * The documents that do not change while the process runs: their validator (RFC 9110 §8.8.3), conditional requests
 * (§13.1.2), and that all answers share the bytes.
 */
import { describe, expect, it } from 'vitest';
import type { Deps } from '../../src/deps.ts';
import { startTestService } from '../support/service.ts';

const PATHS = ['/openapi.json', '/.well-known/oauth-protected-resource', '/docs', '/docs/page.css', '/docs/icon.svg'];

describe('a static document', () => {
  it.each(PATHS)(
    'has a strong ETag that stays the same, and is not sent again to a caller who has it: %s',
    async (path) => {
      const service = await startTestService();
      const first = await service.request(path);
      const etag = first.headers.get('ETag') ?? '';
      expect(etag).toMatch(/^"[0-9a-f]{64}"$/);
      expect((await service.request(path)).headers.get('ETag')).toBe(etag);
      expect(await first.text()).not.toBe('');
      for (const known of [etag, `W/${etag}`, `"other", ${etag}`, ` "a" ,W/"b",${etag}`, '*']) {
        const again = await service.request(path, { headers: { 'If-None-Match': known } });
        expect([known, again.status]).toEqual([known, 304]);
        expect(await again.text()).toBe('');
        // RFC 9110 §15.4.5: the fields that the 200 would have had.
        for (const name of ['ETag', 'Cache-Control', 'Content-Security-Policy', 'Vary', 'Policy-Digest'])
          expect(again.headers.get(name)).toBe(first.headers.get(name));
        expect(again.headers.get('X-Request-Id')).not.toBeNull();
        expect(again.headers.get('Content-Type')).toBeNull();
      }
      const head = await service.request(path, { method: 'HEAD', headers: { 'If-None-Match': etag } });
      expect(head.status).toBe(304);
    },
  );

  it.each(['"other"', 'W/"other"', 'no tag at all', '"'])(
    'is sent to a caller who has another one: %s',
    async (known) => {
      const service = await startTestService();
      const response = await service.request('/openapi.json', { headers: { 'If-None-Match': known } });
      expect(response.status).toBe(200);
      expect(await response.json()).toMatchObject({ openapi: '3.1.0' });
    },
  );

  it('differs by its ETag where it differs by its content', async () => {
    const [one, other] = await Promise.all(
      ['https://a.example.com', 'https://b.example.com'].map(async (publicUrl) => {
        const service = await startTestService({ settings: { PUBLIC_URL: publicUrl } });
        return (await service.request('/openapi.json')).headers.get('ETag');
      }),
    );
    expect(one).not.toBe(other);
  });

  it('is made once, and every answer has the same bytes in memory', async () => {
    let made = 0;
    const openApi: Deps['openApi'] = () => ({ openapi: '3.1.0', paths: {}, components: {}, made: (made += 1) });
    const service = await startTestService({ deps: { openApi } });
    const chunks = [];
    for (let n = 0; n < 3; n += 1) {
      const reader = (await service.request('/openapi.json')).body!.getReader();
      chunks.push((await reader.read()).value!);
      expect((await reader.read()).done).toBe(true);
    }
    expect(made).toBe(1);
    expect(new Set(chunks.map(({ buffer }) => buffer)).size).toBe(1);
  });
});
