import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { UpstreamKeySettings } from '../../../../src/platform/node/secrets/secrets.ts';
import { createSecrets, SecretsError } from '../../../../src/platform/node/secrets/secrets.ts';
import { QUIET_MS, settledVersion } from '../../../../src/platform/node/secrets/settled-secret.ts';
import { CURRENT_KEY, NEXT_KEY, recordLogs } from '../../../support/upstream.ts';

let folder: string;
let file: string;
let nowMs = 0;
const clock = { now: () => nowMs };
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'secrets-'));
  file = join(folder, 'key');
});
afterEach(() => rmSync(folder, { recursive: true }));

async function open(options: UpstreamKeySettings) {
  const logger = recordLogs();
  const secrets = await createSecrets(options, logger, clock);
  const keys = async () => {
    const { current, next } = await secrets.galileoKeys();
    return [current.reveal(), next?.reveal() ?? null];
  };
  return { keys, logger, secrets };
}

/** The test's clock says that the last change of the file is so long ago. */
function sinceChange(ms: number): void {
  nowMs = Number(statSync(file, { bigint: true }).ctimeMs) + ms;
}

function replaceBy(make: () => void): void {
  rmSync(file, { recursive: true, force: true });
  make();
}

async function problemsOf(options: UpstreamKeySettings): Promise<readonly string[]> {
  const error: unknown = await createSecrets(options, recordLogs()).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(SecretsError);
  expect(inspect(error, { showHidden: true })).not.toContain(CURRENT_KEY.slice(0, 12));
  return (error as SecretsError).problems;
}

describe('keys from the environment', () => {
  it('are taken as they are, without one trailing newline', async () => {
    const { keys } = await open({ GALILEO_API_KEY: `${CURRENT_KEY}\n`, GALILEO_API_KEY_NEXT: NEXT_KEY });
    expect(await keys()).toEqual([CURRENT_KEY, NEXT_KEY]);
  });

  it('may come without a next one', async () => {
    const { keys } = await open({ GALILEO_API_KEY: CURRENT_KEY });
    expect(await keys()).toEqual([CURRENT_KEY, null]);
  });
});

describe('the start', () => {
  it('is refused without any key', async () => {
    expect(await problemsOf({})).toEqual(['GALILEO_API_KEY or GALILEO_API_KEY_FILE must be set']);
  });

  it('names every problem at once and shows no key', async () => {
    expect(
      await problemsOf({
        GALILEO_API_KEY: `${CURRENT_KEY}\nX-Evil: 1`,
        GALILEO_API_KEY_NEXT_FILE: join(folder, 'absent'),
      }),
    ).toEqual(['GALILEO_API_KEY holds a line break', 'GALILEO_API_KEY_NEXT_FILE cannot be read (ENOENT)']);
  });

  it('is refused when a key and its file are both set', async () => {
    writeFileSync(file, CURRENT_KEY);
    expect(await problemsOf({ GALILEO_API_KEY: CURRENT_KEY, GALILEO_API_KEY_FILE: file })).toEqual([
      'GALILEO_API_KEY and GALILEO_API_KEY_FILE are both set; set one',
    ]);
  });

  it('is refused for a file that is empty, too large, or a folder', async () => {
    writeFileSync(file, '');
    expect(await problemsOf({ GALILEO_API_KEY_FILE: file })).toEqual(['GALILEO_API_KEY_FILE is empty']);
    writeFileSync(file, 'x'.repeat(5_000));
    expect(await problemsOf({ GALILEO_API_KEY_FILE: file })).toEqual(['GALILEO_API_KEY_FILE is too large for a key']);
    expect(await problemsOf({ GALILEO_API_KEY_FILE: folder })).toEqual(['GALILEO_API_KEY_FILE is not a file']);
  });
});

describe('a key file', () => {
  it('is read again when it is replaced', async () => {
    writeFileSync(file, `${CURRENT_KEY}\n`);
    const { keys, logger } = await open({ GALILEO_API_KEY_FILE: file });
    expect(await keys()).toEqual([CURRENT_KEY, null]);
    writeFileSync(`${file}.new`, `${NEXT_KEY}\n`);
    renameSync(`${file}.new`, file);
    expect(await keys()).toEqual([NEXT_KEY, null]);
    expect(logger.lines.map((line) => line.event)).toEqual(['api_key_changed']);
    expect(JSON.stringify(logger.lines)).not.toContain(NEXT_KEY);
  });

  it('is read again when it is rewritten in place, to the same size and in the same instant', async () => {
    const other = `${CURRENT_KEY.slice(0, -1)}X`;
    writeFileSync(file, CURRENT_KEY);
    const { keys } = await open({ GALILEO_API_KEY_FILE: file });
    for (const key of [other, CURRENT_KEY, other]) {
      writeFileSync(file, key);
      sinceChange(QUIET_MS);
      expect(await keys()).toEqual([key, null]);
    }
  });

  it('that is written in place is not used before it has been quiet, since half a key looks like a key', async () => {
    writeFileSync(file, CURRENT_KEY);
    const { keys, logger } = await open({ GALILEO_API_KEY_FILE: file });
    for (const text of [NEXT_KEY.slice(0, 20), NEXT_KEY]) {
      writeFileSync(file, text);
      for (const ms of [0, QUIET_MS - 1]) {
        sinceChange(ms);
        expect(await keys()).toEqual([CURRENT_KEY, null]);
      }
    }
    sinceChange(QUIET_MS);
    expect(await keys()).toEqual([NEXT_KEY, null]);
    expect(logger.lines.map((line) => line.event)).toEqual(['api_key_changed']);
  });

  it('that was gone is read at once when it is back, also as the same file', async () => {
    writeFileSync(file, CURRENT_KEY);
    const { keys } = await open({ GALILEO_API_KEY_FILE: file });
    renameSync(file, `${file}.aside`);
    expect(await keys()).toEqual([CURRENT_KEY, null]);
    writeFileSync(`${file}.aside`, NEXT_KEY);
    renameSync(`${file}.aside`, file);
    sinceChange(0);
    expect(await keys()).toEqual([NEXT_KEY, null]);
  });

  it('that is written to while it is read is read again', async () => {
    writeFileSync(file, CURRENT_KEY);
    const { keys } = await open({ GALILEO_API_KEY_FILE: file });
    replaceBy(() => writeFileSync(file, NEXT_KEY));
    sinceChange(QUIET_MS);
    const reading = keys();
    writeFileSync(file, NEXT_KEY.slice(0, 20));
    expect(await reading).toEqual([CURRENT_KEY, null]);
    writeFileSync(file, NEXT_KEY);
    sinceChange(QUIET_MS);
    expect(await keys()).toEqual([NEXT_KEY, null]);
  });

  it('that is written in place is used in time when the clock of its file server is ahead', async () => {
    writeFileSync(file, CURRENT_KEY);
    const { keys } = await open({ GALILEO_API_KEY_FILE: file });
    writeFileSync(file, NEXT_KEY);
    sinceChange(-60_000);
    expect(await keys()).toEqual([CURRENT_KEY, null]);
    nowMs += QUIET_MS;
    expect(await keys()).toEqual([NEXT_KEY, null]);
  });

  it('is read again when Kubernetes swaps the link to its folder', async () => {
    for (const [name, key] of [
      ['..v1', CURRENT_KEY],
      ['..v2', NEXT_KEY],
    ] as const) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, 'key'), key);
      utimesSync(join(folder, name, 'key'), 1_000, 1_000);
    }
    symlinkSync('..v1', join(folder, '..data'));
    symlinkSync(join('..data', 'key'), file);
    const { keys } = await open({ GALILEO_API_KEY_FILE: file });
    expect(await keys()).toEqual([CURRENT_KEY, null]);
    symlinkSync('..v2', join(folder, '..data_tmp'));
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
    expect(await keys()).toEqual([NEXT_KEY, null]);
  });

  it.each([
    ['gone', () => rmSync(file)],
    ['empty', () => writeFileSync(file, '')],
    ['half written', () => writeFileSync(file, CURRENT_KEY.slice(0, 5))],
    ['two lines', () => writeFileSync(file, `${CURRENT_KEY}\n${NEXT_KEY}\n`)],
    ['too large', () => writeFileSync(file, 'x'.repeat(5_000))],
    ['not UTF-8', () => writeFileSync(file, Uint8Array.of(0xff, 0xfe))],
    ['a folder', () => replaceBy(() => mkdirSync(file))],
    ['a named pipe', () => replaceBy(() => execFileSync('mkfifo', [file]))],
  ])('that is %s for a while leaves the last good key, is logged once, and is used again', async (name, spoil) => {
    writeFileSync(file, CURRENT_KEY);
    const { keys, logger } = await open({ GALILEO_API_KEY_FILE: file });
    for (let round = 1; round <= 2; round += 1) {
      spoil();
      if (name !== 'gone') sinceChange(QUIET_MS);
      for (let n = 0; n < 3; n += 1) expect((await keys())[0]).toBe(round === 1 ? CURRENT_KEY : NEXT_KEY);
      expect(logger.lines.filter((line) => line.event === 'api_key_file_unusable')).toHaveLength(round);
      replaceBy(() => writeFileSync(file, NEXT_KEY));
      // The new file can have the number of the old one.
      sinceChange(QUIET_MS);
      expect(await keys()).toEqual([NEXT_KEY, null]);
    }
    expect(JSON.stringify(logger.lines)).not.toContain(CURRENT_KEY.slice(0, 12));
  });

  it('is read once for calls at the same time, and its change is logged once', async () => {
    writeFileSync(file, CURRENT_KEY);
    const { keys, logger } = await open({ GALILEO_API_KEY_FILE: file });
    writeFileSync(file, NEXT_KEY);
    sinceChange(QUIET_MS);
    expect(await Promise.all([keys(), keys(), keys()])).toEqual([1, 2, 3].map(() => [NEXT_KEY, null]));
    expect(logger.lines.map((line) => line.event)).toEqual(['api_key_changed']);
  });

  it('has a version once it is older than the grain of timestamps, and another one after each change', () => {
    const versionAfter = (ms: number): string | null => {
      const stats = statSync(file, { bigint: true });
      return settledVersion(stats, Number(stats.ctimeMs) + ms);
    };
    writeFileSync(file, CURRENT_KEY);
    expect(versionAfter(900)).toBe(null);
    const first = versionAfter(1_100);
    expect(first).not.toBe(null);
    expect(versionAfter(9_000)).toBe(first);
    replaceBy(() => writeFileSync(file, CURRENT_KEY));
    expect(versionAfter(1_100)).not.toBe(first);
  });

  it('gives the same object for the same key, so that nothing is worked out twice', async () => {
    writeFileSync(file, CURRENT_KEY);
    const { secrets } = await open({ GALILEO_API_KEY_FILE: file });
    const before = (await secrets.galileoKeys()).current;
    writeFileSync(file, `${CURRENT_KEY}\n`);
    sinceChange(QUIET_MS);
    expect((await secrets.galileoKeys()).current).toBe(before);
  });

  it('shows no key when it is looked at', async () => {
    writeFileSync(file, CURRENT_KEY);
    const { secrets } = await open({ GALILEO_API_KEY_FILE: file, GALILEO_API_KEY_NEXT: NEXT_KEY });
    const shown = inspect([secrets, await secrets.galileoKeys()], { depth: 20, showHidden: true });
    expect(shown).not.toContain(CURRENT_KEY.slice(0, 12));
    expect(shown).not.toContain(NEXT_KEY.slice(0, 12));
  });
});
