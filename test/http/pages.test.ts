/** The pages for people: who gets them, what a browser may do with them, and the address in their examples. */
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { PAGE_FILES } from '../../src/routes/pages/pages.ts';
import { startTestService } from '../support/service.ts';

const PATHS = PAGE_FILES.map(({ path }) => path);

/** The sources of a Content-Security-Policy, by directive. */
function directivesOf(policy: string | null): Readonly<Record<string, string>> {
  const parts = (policy ?? '').split('; ').map((part) => part.split(' '));
  return Object.fromEntries(parts.map(([name = '', ...sources]) => [name, sources.join(' ')]));
}

describe('a page', () => {
  it.each(PATHS)('is for everyone, also with a token that is none: %s', async (path) => {
    const service = await startTestService();
    for (const headers of [{}, { Authorization: 'Bearer x.y.z' }]) {
      expect((await service.request(path, { headers })).status).toBe(200);
    }
  });

  it.each(PATHS)('allows a browser no script, no form, no frame and nothing of another origin: %s', async (path) => {
    const service = await startTestService();
    const { headers } = await service.request(path);
    const directives = directivesOf(headers.get('Content-Security-Policy'));
    expect(directives).toMatchObject({ 'default-src': "'none'", 'frame-ancestors': "'none'" });
    for (const sources of Object.values(directives)) expect(["'none'", "'self'"]).toContain(sources);
    // Forms and the base address do not fall back to default-src.
    if (headers.get('Content-Type')?.startsWith('text/html') === true)
      expect(directives).toMatchObject({ 'base-uri': "'none'", 'form-action': "'none'" });
    expect(headers.get('X-Content-Type-Options')).toBe('nosniff');
    expect(headers.get('X-Frame-Options')).toBe('DENY');
  });

  it.each(PATHS)('takes no other method: %s', async (path) => {
    const service = await startTestService();
    const response = await service.request(path, { method: 'POST' });
    expect([response.status, response.headers.get('Allow')]).toEqual([405, 'GET, HEAD']);
  });

  it.each(PATHS)('does not exist with PAGES=off: %s', async (path) => {
    const service = await startTestService({ settings: { PAGES: false } });
    for (const method of ['GET', 'HEAD', 'POST', 'OPTIONS']) {
      const response = await service.request(path, { method });
      expect([method, response.status]).toEqual([method, 404]);
      expect(response.headers.get('Content-Security-Policy')).toBe("default-src 'none'; frame-ancestors 'none'");
    }
  });

  it('loosens the policy of no other answer', async () => {
    const service = await startTestService();
    await service.request('/docs');
    for (const path of ['/openapi.json', '/livez', '/nowhere', '/v2/invite_policy']) {
      const { headers } = await service.request(path);
      expect(headers.get('Content-Security-Policy')).toBe("default-src 'none'; frame-ancestors 'none'");
    }
  });
});

describe('the examples of the reference', () => {
  const BUILT = new URL('../../pages/docs/page.html', import.meta.url);

  it('have the address of the deployment', async () => {
    const service = await startTestService({ settings: { PUBLIC_URL: 'https://invites.acme.com' } });
    const text = await (await service.request('/docs')).text();
    expect(text).toContain('curl -i https://invites.acme.com/v2/invite_users');
    expect(text).not.toContain('invites.example.com');
    expect(text.replaceAll('https://invites.acme.com', 'https://invites.example.com')).toBe(
      await readFile(BUILT, 'utf8'),
    );
  });

  it('have a placeholder without PUBLIC_URL, and never what the Host field says', async () => {
    const service = await startTestService({ settings: { PUBLIC_URL: null } });
    const response = await service.request('/docs', { headers: { Host: 'evil.example.net' } });
    expect(await response.text()).toBe(await readFile(BUILT, 'utf8'));
  });

  it('stay text when the address has characters of HTML', async () => {
    // An origin may hold these: they are no forbidden host code points.
    const hostile = `https://a"b'c&amp;$&.example`;
    expect(new URL(hostile).origin).toBe(hostile);
    const service = await startTestService({ settings: { PUBLIC_URL: hostile } });
    const text = await (await service.request('/docs')).text();
    expect(text).toContain('curl -i https://a&quot;b&#39;c&amp;amp;$&amp;.example/v2/invite_users');
    expect(text).not.toContain(hostile);
  });
});
