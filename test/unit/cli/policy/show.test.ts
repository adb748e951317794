/** policy show: the policy behind a digest, from a ledger file and from a running service. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canonicalJson } from '../../../../src/lib/canonical-json.ts';
import { sha256Hex } from '../../../../src/lib/sha256.ts';
import { openLedger } from '../../../../src/platform/node/ledger/open-ledger.ts';
import { readPolicy } from '../../../../src/policy/load.ts';
import { createFakeClock, createFakeIds } from '../../../support/clock.ts';
import { recordLogs } from '../../../support/upstream.ts';
import { EXAMPLE_POLICY } from '../../../support/policy.ts';
import { FIRST_SCHEMA } from '../../ledger/schema/first-schema.ts';
import { alter, audit, tempFolder, verified } from '../audit/audit-harness.ts';
import type { Folder } from '../audit/audit-harness.ts';
import { answer, runCommand } from '../cli-harness.ts';

function canonicalOf(text: string): string {
  const read = readPolicy(text, { issuers: 'any' });
  if (read.kind === 'refused') throw new Error(JSON.stringify(read.problems));
  return read.canonical;
}

const DOCUMENT = canonicalOf(EXAMPLE_POLICY);
const DIGEST = sha256Hex(DOCUMENT);
const SMALL = canonicalJson({ version: 1, rules: [] });
const URL_OF_SERVICE = 'https://invites.acme.com';
const ENV = { INVITES_TOKEN: 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJraW0ifQ.c2lnbmF0dXJl' };

let folder: Folder;
let path: string;

/** A ledger that keeps these policies. */
async function ledgerWith(name: string, ...documents: readonly string[]): Promise<string> {
  const file = folder.path(name);
  const deps = {
    clock: createFakeClock(),
    ids: createFakeIds(),
    logger: recordLogs(),
    metrics: { count: () => undefined },
  };
  const ledger = await openLedger({ path: file, ...deps });
  const service = { name: 'galileo-invite-proxy', version: '1.0.0', runtime: 'test', instance: 'one' };
  for (const document of documents) {
    const change = { what: 'policy_taken', to: sha256Hex(document), document } as const;
    await ledger.recordChanges([{ change, seen: 'changed', service }]);
  }
  await ledger.close();
  return file;
}

beforeAll(async () => {
  folder = tempFolder();
  path = await ledgerWith('ledger.db', DOCUMENT, SMALL);
});

afterAll(() => folder.remove());

const show = (...args: readonly string[]) => runCommand(['policy', 'show', ...args]);

describe('policy show', () => {
  it.each([DIGEST, `sha256:${DIGEST}`, DIGEST.slice(0, 8), `sha256:${DIGEST.slice(0, 12)}`, DIGEST.toUpperCase()])(
    'prints the policy as YAML that is read as the same one: %s',
    async (digest) => {
      const { code, stdout, stderr } = await show(digest, '--ledger', path);
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout).toMatch(new RegExp(`^# sha256:${DIGEST}\nversion: 1\n`));
      expect(sha256Hex(canonicalOf(stdout))).toBe(DIGEST);
    },
  );

  it('prints the text that has the digest with --json, byte for byte', async () => {
    expect((await show(DIGEST, '--ledger', path, '--json')).stdout).toBe(`${DOCUMENT}\n`);
  });

  it.each([
    ['too short', DIGEST.slice(0, 7)],
    ['too long', `${DIGEST}0`],
    ['no digits', 'policy-of-monday'],
  ])('takes a digest that is %s for a mistake', async (_, digest) => {
    expect(await show(digest, '--ledger', path)).toMatchObject({
      code: 64,
      stderr: expect.stringContaining('8 to 64 hex digits') as string,
    });
  });

  it('says so when the ledger does not keep the policy', async () => {
    const { code, stdout, stderr } = await show('abababababab', '--ledger', path);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain('keeps no policy with a digest that begins with abababababab');
  });

  it('asks for more digits when several policies begin with these', async () => {
    const twin = await ledgerWith('twins.db', DOCUMENT, SMALL);
    const other = `${DIGEST.slice(0, 10)}${'0'.repeat(54)}`;
    await alter(twin, (database) => {
      database.prepare('UPDATE policies SET digest = ? WHERE digest = ?').run(other, sha256Hex(SMALL));
    });
    const { code, stderr } = await show(DIGEST.slice(0, 10), '--ledger', twin);
    expect(code).toBe(64);
    expect(stderr).toContain('2 digests begin with');
    expect(stderr).toContain(other);
  });

  it('refuses a stored text that has another digest', async () => {
    const changed = await ledgerWith('changed.db', DOCUMENT);
    await alter(changed, (database) => {
      database.exec(`UPDATE policies SET document = replace(document, 'acme.com', 'rival.io')`);
    });
    for (const more of [[], ['--json']]) {
      const { code, stdout, stderr } = await show(DIGEST, '--ledger', changed, ...more);
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toContain('has another digest: it was changed, and is not shown');
    }
  });
});

describe('policy show --url', () => {
  const at = (text: string, digest = DIGEST) =>
    runCommand(['policy', 'show', digest, '--url', URL_OF_SERVICE], { env: ENV, answer: () => answer(200, text) });

  it('asks the service with the token, and prints what it gives', async () => {
    const ran = await at(DOCUMENT, `sha256:${DIGEST}`);
    expect([ran.code, ran.stderr]).toEqual([0, '']);
    expect(sha256Hex(canonicalOf(ran.stdout))).toBe(DIGEST);
    expect(ran.asked).toMatchObject([
      {
        method: 'GET',
        url: `${URL_OF_SERVICE}/audit/policies/${DIGEST}`,
        headers: { Authorization: `Bearer ${ENV.INVITES_TOKEN}` },
        body: null,
      },
    ]);
  });

  it('refuses an answer that has another digest, and needs all digits', async () => {
    expect(await at(SMALL)).toMatchObject({ code: 1, stdout: '' });
    expect(await at(DOCUMENT, DIGEST.slice(0, 20))).toMatchObject({ code: 64, asked: [] });
  });

  it('says why the service refused', async () => {
    const refused = { code: 'not_found', detail: 'There is no such policy.' };
    const { code, stderr } = await runCommand(['policy', 'show', DIGEST, '--url', URL_OF_SERVICE], {
      env: ENV,
      answer: () => answer(404, refused),
    });
    expect([code, stderr]).toMatchObject([1, expect.stringContaining('404 not_found')]);
  });
});

describe('audit verify of a ledger with policies', () => {
  it('finds nothing in policies that have their digest, and counts those that are not kept', async () => {
    const { code, found, report } = await verified(['--ledger', path]);
    expect([code, found, report.ledger?.policies]).toEqual([0, [], { kept: 2, not_kept: [] }]);
  });

  it('finds each policy whose text was changed', async () => {
    const changed = await ledgerWith('forged.db', DOCUMENT, SMALL);
    await alter(changed, (database) => {
      database.exec(`UPDATE policies SET document = replace(document, 'acme.com', 'rival.io')`);
    });
    const { code, found } = await verified(['--ledger', changed]);
    expect([code, found]).toEqual([1, ['policy_refuted - @ the policies of the ledger']]);
    const { stdout } = await audit(['verify', '--ledger', changed]);
    expect(stdout).toContain(`The policy that is kept under ${DIGEST} was changed: its text has another digest.`);
  });

  it('finds a last policy that no record names: the change to it would not be recorded', async () => {
    const changed = await ledgerWith('ahead.db', DOCUMENT, SMALL);
    await alter(changed, (database) => {
      database.exec(`UPDATE last_changes SET value = '${'ab'.repeat(32)}' WHERE subject = 'policy'`);
    });
    const { code, found } = await verified(['--ledger', changed]);
    expect([code, found]).toEqual([1, ['change_refuted - @ the ledger']]);
  });

  it('reads a ledger that is older than the kept policies', async () => {
    const old = folder.path('old.db');
    await alter(old, (database) => {
      for (const statement of FIRST_SCHEMA) database.exec(statement);
    });
    expect(await verified(['--ledger', old])).toMatchObject({ found: [] });
    expect(await show(DIGEST, '--ledger', old)).toMatchObject({ code: 1 });
  });
});
