/**
 * The recipe of docs/audit-recipes.md with a real rsyslog. It follows the file in which the service's stdout lands:
 * as it is, as Docker's json-file, or in the CRI form. What it kept verifies alone, and against the ledger.
 */
import { execFile } from 'node:child_process';
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { LOG_FORMS } from '../../support/audit/log-forms.ts';
import { startRunning } from '../running.ts';
import { linesOf, startRsyslog, testFolder } from './daemon.ts';
import { KEPT_FILE, recipeCell, recipes } from './recipe.ts';

const run = promisify(execFile);
const INVITES = 40;
/** At the beginning of a line, in any of the forms. */
const OPERATIONAL = /^.{0,120}\\?"channel\\?":\\?"ops\\?"/;

interface Feed {
  /** The row of the recipe's table. */
  readonly row: string;
  /** As the report of `audit verify` names it. */
  readonly form: string;
}
const FEEDS: readonly Feed[] = [
  { row: 'a plain file', form: 'plain' },
  { row: 'Docker, `json-file`', form: 'Docker json-file' },
  { row: 'Kubernetes, Podman (CRI)', form: 'CRI' },
];

const HEADING = 'rsyslog to a file';

/** The recipe for this form, with the files of the test. */
function recipe(row: string, feed: string, kept: string): string {
  const filter = recipeCell(HEADING, row, 3);
  const [text = ''] = recipes(HEADING, { FILTER: filter, FILE: feed, [KEPT_FILE]: kept });
  return text;
}

describe('rsyslog, as docs/audit-recipes.md sets it up', () => {
  it.each(FEEDS)('keeps every record whole where stdout goes to $row', async ({ row, form }) => {
    const folder = await testFolder();
    const feed = join(folder, 'stdout.log');
    const kept = join(folder, 'audit.ndjson');
    writeFileSync(feed, '');
    await startRsyslog(folder, recipe(row, feed, kept));
    const { wrap } = LOG_FORMS.find(({ reported }) => reported === form)!;
    const onText = (line: string): void => appendFileSync(feed, `${wrap(line).join('\n')}\n`);
    const service = await startRunning({}, { onText });
    const token = await service.token();

    const many = Array.from({ length: 500 }, (_, n) => `${'x'.repeat(60)}${String(n)}@acme.com`);
    expect((await service.inviteAll(many, token)).status).toBe(200);
    for (let n = 0; n < INVITES; n += 1)
      expect((await service.invite(`p${String(n)}@acme.com`, token)).status).toBe(200);
    // A caller's text must not look like the mark of an operational line.
    const disguised = await fetch(`http://127.0.0.1:${String(service.port)}/v2/invite_users`, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${token}`,
        'Content-Type': 'application/json',
        'User-Agent': String.raw`"channel":"ops" \"channel\":\"ops\"`,
      },
      body: JSON.stringify({ emails: ['last@acme.com'], auth_method: 'okta' }),
    });
    expect(disguised.status).toBe(200);
    service.child.kill('SIGTERM');
    expect(await service.exited).toBe(0);

    // Three records are about the start, one is about the stop.
    const records = 2 * (INVITES + 2) + 4;
    const fed = await linesOf(feed);
    const isKept = (line: string): boolean =>
      form === 'plain' ? line.includes('"channel":"audit"') : !OPERATIONAL.test(line);
    const expected = fed.filter(isKept);
    expect(expected.length).toBeLessThan(fed.length);
    await expect.poll(async () => (await linesOf(kept)).length, { timeout: 30_000 }).toBe(expected.length);
    expect(await linesOf(kept)).toEqual(expected);
    const verify = async (...args: string[]): Promise<unknown> =>
      JSON.parse(
        (await run(process.execPath, ['src/cli.ts', 'audit', 'verify', '--json', '--lines', kept, ...args])).stdout,
      );
    const whole = { records, findings: [] };
    expect(await verify()).toMatchObject({
      verdict: 'intact',
      lines: { ...whole, skipped: 0, read: { forms: [{ form, lines: expected.length }] } },
    });
    expect(await verify('--ledger', service.ledgerPath)).toMatchObject({
      verdict: 'intact',
      lines: whole,
      ledger: whole,
    });
  });
});
