import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { verifyChain } from '../../../src/audit/chain.ts';
import { testUuid7 } from '../../support/clock.ts';
import { readTrail } from '../../support/ledger/ledger.ts';
import { openAt, tempDirectory } from './ledger-temp.ts';

/** Tests that need real processes: the lock, a kill during traffic, a full disk. */
const CHILD = join(import.meta.dirname, 'ledger-child.ts');
const WITHOUT_PRLIMIT = spawnSync('prlimit', ['--version']).status !== 0;

let directory: ReturnType<typeof tempDirectory>;
let path: string;
const children: ChildProcessWithoutNullStreams[] = [];

beforeEach(() => {
  directory = tempDirectory();
  path = join(directory.path, 'ledger.db');
});
afterEach(async () => {
  await Promise.all(children.splice(0).map(kill));
  directory.remove();
});

function start(mode: string, [command, ...before]: readonly [string, ...string[]] = [process.execPath]) {
  const child = spawn(command, [...before, CHILD, path, mode], { stdio: 'pipe' });
  children.push(child);
  const said: string[] = [];
  let heard = Promise.withResolvers<void>();
  const next = (): void => {
    heard.resolve();
    heard = Promise.withResolvers();
  };
  let ended = false;
  createInterface({ input: child.stdout })
    .on('line', (line) => {
      said.push(line);
      next();
    })
    .on('close', () => {
      ended = true;
      next();
    });
  return {
    child,
    said,
    /** Resolves when the child has printed so many lines; rejects when it ends earlier. */
    async saying(count: number): Promise<readonly string[]> {
      while (said.length < count && !ended) await heard.promise;
      if (said.length < count) throw new Error(`the child ended after saying: ${said.join(', ')}`);
      return said;
    },
  };
}

async function kill(child: ChildProcessWithoutNullStreams): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'close');
  child.kill('SIGKILL');
  await ended;
}

describe('one process per ledger file', () => {
  it('refuses a second process while the first holds the file', async () => {
    const ledger = await openAt(path);
    expect(await start('hold').saying(1)).toEqual([
      expect.stringMatching(/^refused: the ledger .* is in use by another process/),
    ]);
    await ledger.close();
    expect(await start('hold').saying(1)).toEqual(['open']);
  });

  it('refuses a second opening in the same process, which does not loosen the first one’s hold', async () => {
    const ledger = await openAt(path);
    await expect(openAt(path)).rejects.toThrow('in use');
    expect(await start('hold').saying(1)).toEqual([expect.stringContaining('refused')]);
    await ledger.close();
  });

  it('lets the file go when the process is killed', async () => {
    const { child, saying } = start('hold');
    await saying(1);
    await expect(openAt(path)).rejects.toThrow('in use by another process');
    await kill(child);
    await (await openAt(path)).close();
  });
});

describe('a lock file that is not the one of the running service', () => {
  it.each([
    ['deleted', () => rmSync(`${path}-lock`)],
    ['renamed', () => renameSync(`${path}-lock`, `${path}-old`)],
    [
      'replaced by a copy of itself',
      () => {
        copyFileSync(`${path}-lock`, `${path}-copy`);
        renameSync(`${path}-copy`, `${path}-lock`);
      },
    ],
    [
      'deleted with the log and its index',
      () => ['-lock', '-wal', '-shm'].forEach((suffix) => rmSync(`${path}${suffix}`)),
    ],
  ])('(%s) lets no second process start, not at the second attempt either', async (_what, act) => {
    const { child, saying } = start('hold');
    await saying(1);
    act();
    for (let attempt = 0; attempt < 2; attempt += 1)
      await expect(openAt(path)).rejects.toThrow('in use by another process');
    await kill(child);
    for (let attempt = 0; attempt < 2; attempt += 1) await (await openAt(path)).close();
  });

  it('does not let a start wait for a tool when it is the one of the last service', async () => {
    await (await openAt(path)).close();
    const tool = new DatabaseSync(path, { readOnly: true });
    tool.exec('BEGIN');
    tool.prepare('SELECT count(*) FROM records').get();
    expect(await start('hold').saying(1)).toEqual(['open']);
    tool.close();
  });
});

describe('a ledger killed in mid-traffic', () => {
  it.each(['-wal', '-shm', '-lock'])(
    'holds everything that was acknowledged, also when its %s was deleted meanwhile',
    async (suffix) => {
      const { child, saying, said } = start('traffic');
      await saying(200);
      rmSync(`${path}${suffix}`);
      await saying(said.length + 400);
      await kill(child);
      const ledger = await openAt(path);
      const admitted = said.filter((line) => line.startsWith('open ')).map((line) => line.slice('open '.length));
      const lost = await Promise.all(admitted.map(async (id) => ((await ledger.find(id, null)) === null ? [id] : [])));
      expect(lost.flat()).toEqual([]);
      const lines = await readTrail(ledger);
      expect(verifyChain(lines)).toMatchObject({ kind: 'intact', head: { seq: lines.length } });
      await ledger.close();
    },
  );

  it('holds everything that was acknowledged, on an unbroken chain', async () => {
    const { child, saying, said } = start('traffic');
    await saying(400);
    await kill(child);

    const ledger = await openAt(path);
    const states = new Map(
      said.filter((line) => line !== 'open').map((line) => line.split(' ').toReversed() as [string, string]),
    );
    expect(states.size).toBeGreaterThan(100);
    for (const [id, state] of states) {
      const entry = await ledger.find(id, null);
      // A request whose last line is `open` may be settled in the ledger: the kill came before its line. Never the
      // reverse.
      expect([state, 'accepted']).toContain(entry?.state);
      expect(entry?.outcome === null).toBe(entry?.state === 'open');
    }
    const lines = await readTrail(ledger);
    expect(verifyChain(lines)).toMatchObject({ kind: 'intact', head: { seq: lines.length } });
    await ledger.close();
  });
});

describe('a ledger without disk space', () => {
  it.skipIf(WITHOUT_PRLIMIT)(
    'rejects what it cannot keep, and recovers by itself when there is room again (needs prlimit)',
    async () => {
      // A file size limit of 1 MiB replaces a full disk: writes fail at the commit.
      const { child, saying } = start('stepwise', ['prlimit', '--fsize=1048576:unlimited', process.execPath]);
      await saying(1);
      let asked = 0;
      const ask = async (): Promise<string> => {
        child.stdin.write(`${testUuid7(asked++)}\n`);
        return (await saying(asked + 1))[asked] ?? '';
      };
      let answer = await ask();
      while (answer.startsWith('open') && asked < 500) answer = await ask();
      expect(answer).toMatch(/^failed/);
      expect(await ask()).toMatch(/^failed/);
      expect(spawnSync('prlimit', ['--pid', String(child.pid), '--fsize=unlimited:unlimited']).status).toBe(0);
      for (let n = 0; n < 3; n += 1) expect(await ask()).toMatch(/^open/);
      await kill(child);

      const ledger = await openAt(path);
      const kept = (await ledger.list({ owner: null, before: null, limit: 1000 })).entries.map(
        (entry) => `open ${entry.requestId}`,
      );
      const acknowledged = (await saying(asked + 1)).filter((line) => line.startsWith('open '));
      expect(kept.toReversed()).toEqual(acknowledged);
      expect(verifyChain(await readTrail(ledger))).toMatchObject({
        kind: 'intact',
        head: { seq: acknowledged.length },
      });
      await ledger.close();
    },
  );
});
