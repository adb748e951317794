/**
 * The largest answer, log line and record that a request can cause. A small request must not make the service write,
 * hold or send much more than it brought. Sizes only: bench/refusals.ts measures the time.
 */
import { describe, expect, it } from 'vitest';
import { MAX_BODY_BYTES } from '../../src/middleware/limits/body-limit.ts';
import type { TestService } from '../support/service.ts';
import { startTestService } from '../support/service.ts';

/** For each listed error: its type, its sentence, and a name that is shortened. */
const LARGEST_422 = 50 * 512;

const AUDITOR = { sub: 'audit-desk', scope: 'audit:read' };

/** As many `item`s as fit into a body, between `head` and `tail`. `item` gets its number. */
function full(head: string, item: (index: number) => string, tail: string): string {
  const items: string[] = [];
  let length = head.length + tail.length;
  for (let index = 0; ; index += 1) {
    const next = item(index);
    length += Buffer.byteLength(next) + 1;
    if (length > MAX_BODY_BYTES) return `${head}${items.join(',')}${tail}`;
    items.push(next);
  }
}

const emails = '{"emails":["ann@acme.com"],';
const REFUSED_BODIES: readonly (readonly [name: string, body: string])[] = [
  ['empty group ids', full(`${emails}"group_ids":[`, () => '""', ']}')],
  ['group ids that are numbers', full(`${emails}"group_ids":[`, () => '0', ']}')],
  ['100 long group ids', `${emails}"group_ids":[${Array.from({ length: 100 }, () => `"${'-'.repeat(600)}"`).join()}]}`],
  ['empty addresses', full('{"emails":[', () => '""', ']}')],
  ['addresses that are numbers', full('{"emails":[', () => '0', ']}')],
  ['500 addresses without a domain', `{"emails":[${Array.from({ length: 500 }, () => '"x"').join()}]}`],
  ['unknown members', full('{', (index) => `"${index.toString(36)}":0`, '}')],
  ['one unknown member with a long name', `{"${'x'.repeat(60_000)}":0}`],
  ['names of invisible characters', full('{', (index) => `"${'\u{e0041}'.repeat(100)}${index}":0`, '}')],
  ['an array in place of the object', full('[', () => '0', ']')],
  ['arrays in arrays', '['.repeat(MAX_BODY_BYTES)],
];

async function post(service: TestService, path: string, body: string, claims = {}): Promise<Response> {
  return await service.request(path, {
    method: 'POST',
    headers: { Authorization: `Bearer ${await service.token(claims)}`, 'Content-Type': 'application/json' },
    body,
  });
}

describe('a refusal of what does not fit the contract', () => {
  it.each(REFUSED_BODIES)('lists few errors of %s, and counts the rest', async (_name, body) => {
    const service = await startTestService();
    for (const [path, claims] of [
      ['/v2/invite_users', {}],
      ['/audit/search', AUDITOR],
    ] as const) {
      const response = await post(service, path, body, claims);
      expect(response.status).toBe(422);
      expect(Buffer.byteLength(await response.text())).toBeLessThan(LARGEST_422);
    }
    expect(Math.max(...service.logLines.map((line) => line.length))).toBeLessThan(1_000);
  });

  it.each(['/v2/invite_users', '/v2/invite_policy', '/v2/invite_requests', '/audit/records', '/audit/search'])(
    'lists few errors of the query of %s, and counts the rest',
    async (path) => {
      const service = await startTestService();
      const scope = 'invites:write audit:read';
      const names = Array.from({ length: 3_000 }, (_, index) => index.toString(36)).join('&');
      for (const [query, omitted] of [
        [names, expect.any(Number)],
        ['%01'.repeat(5_000), undefined],
      ]) {
        const method = path.endsWith('users') || path.endsWith('search') ? 'POST' : 'GET';
        const response = await service.request(`${path}?${String(query)}`, {
          method,
          headers: { Authorization: `Bearer ${await service.token({ scope })}`, 'Content-Type': 'application/json' },
          ...(method === 'POST' ? { body: '{"emails":["ann@acme.com"]}' } : {}),
        });
        expect(response.status).toBe(422);
        const text = await response.text();
        expect(text.length).toBeLessThan(LARGEST_422);
        expect((JSON.parse(text) as { omitted?: number }).omitted).toEqual(omitted);
      }
    },
  );
});

describe('a refusal by Galileo', () => {
  it('lists few of its errors, and counts the rest', async () => {
    const service = await startTestService();
    const detail = Array.from({ length: 5_000 }, (_, index) => ({
      type: 'value_error',
      loc: ['body', index],
      msg: 'bad',
    }));
    service.galileo.script({ kind: 'answer', status: 422, body: { detail } });
    const response = await service.invite({ emails: ['ann@acme.com'] });
    expect(response.status).toBe(422);
    const text = await response.text();
    expect(JSON.parse(text)).toMatchObject({ code: 'upstream_refused', errors: detail.slice(0, 50), omitted: 4_950 });
    expect(text.length).toBeLessThan(LARGEST_422);
  });
});

describe('a denial', () => {
  const LONG = 'n'.repeat(64);
  const KEYS = 'roles: [admin], auth_methods: [saml], groups: [9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d]';
  const POLICY = `
version: 1
callers: { ${LONG}: { issuer: corp, client_id: [hr-portal] } }
rules:
  - { id: ${LONG}, allow: [${LONG}], emails: [ann@acme.com], domains: [acme.com], ${KEYS} }
`;
  const crowd = (count: number) => Array.from({ length: count }, (_, index) => `a${index}@acme.com`);
  const asked = { role: 'user', group_ids: ['9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6e'] };

  it('says at most 800 characters of an address beside the address, however many reasons there are', async () => {
    const service = await startTestService({ policy: POLICY.replace(KEYS, `${KEYS}, note: ${'n'.repeat(200)}`) });
    const response = await service.invite({ ...asked, emails: crowd(500) });
    expect(response.status).toBe(403);
    const text = await response.text();
    const { decisions } = JSON.parse(text) as { decisions: { email: string; because: string[] }[] };
    expect(decisions).toHaveLength(500);
    expect(decisions[0]?.because).toHaveLength(3);
    for (const decision of decisions) {
      expect(JSON.stringify(decision).length - decision.email.length).toBeLessThanOrEqual(800);
    }
  });

  it('names the rule and the reasons once in its record, however many addresses there are', async () => {
    const service = await startTestService({ policy: POLICY });
    await service.invite({ ...asked, emails: crowd(1) });
    await service.invite({ ...asked, emails: crowd(500) });
    const [one, many] = (await service.records()).map((record) => JSON.stringify(record).length);
    const addresses = JSON.stringify(crowd(500)).length;
    expect((many ?? 0) - (one ?? 0)).toBeLessThanOrEqual(addresses);
  });
});
