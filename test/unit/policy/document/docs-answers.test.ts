/** The answers and the command output that docs/policy.md shows are the real ones. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { TestService } from '../../../support/service.ts';
import { startTestService } from '../../../support/service.ts';
import { runPolicy } from '../../cli/policy/policy-harness.ts';

const root = new URL('../../../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');
const DOCS = read('docs/policy.md');
const [, ASKING = ''] = DOCS.split('## Asking the service\n');
const [POLICY = ''] = blocks(ASKING, 'yaml');
const [CAPABILITIES, DRY_RUN, PARTLY] = blocks(ASKING, 'json').map((text) => JSON.parse(text) as object);

function blocks(text: string, language: string): string[] {
  return [...text.matchAll(new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 'gs'))].map(([, block = '']) => block);
}

const BOTH = { emails: ['ann@acme.com', 'temp@acme.com'] };
const LENIENT = { headers: { Prefer: 'handling=lenient' } };

async function start(): Promise<TestService> {
  return await startTestService({ policy: POLICY });
}

describe('docs/policy.md', () => {
  it('shows what GET /v2/invite_policy answers', async () => {
    const service = await start();
    const headers = { Authorization: `Bearer ${await service.token()}` };
    const { digest, ...rest } = (await (await service.request('/v2/invite_policy', { headers })).json()) as {
      digest: string;
    };
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
    expect(rest).toEqual(CAPABILITIES);
  });

  it('shows what a dry run answers', async () => {
    const service = await start();
    const response = await service.invite(BOTH, { query: '?dry_run=true', ...LENIENT });
    expect([response.status, await response.json()]).toEqual([200, DRY_RUN]);
  });

  it('shows what a lenient request answers, and the 403 of a strict one', async () => {
    const service = await start();
    const response = await service.invite(BOTH, LENIENT);
    expect([response.status, await response.json()]).toEqual([207, PARTLY]);
    expect(response.headers.get('Preference-Applied')).toBe('handling=lenient');
    const strict = await service.invite(BOTH);
    const decisions = (DRY_RUN as { decisions: unknown }).decisions;
    expect([strict.status, await strict.json()]).toMatchObject([403, { code: 'policy_denied', decisions }]);
  });

  it('shows what policy explain prints', async () => {
    const [, command = '', printed = ''] = /^\$ npm run cli -- policy (.*)\n([^]*?)```/m.exec(DOCS) ?? [];
    const path = 'examples/policies/hr-and-partners.yaml';
    expect(command).toContain(path);
    const { stdout } = await runPolicy(command, { files: { [path]: read(path) } });
    expect(stdout).toBe(printed);
  });
});
