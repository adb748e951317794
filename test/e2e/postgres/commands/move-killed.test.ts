import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { createChance } from '../../../support/chance.ts';
import { freshSchema } from '../../../support/postgres/postgres-ledger.ts';
import { startPostgres } from '../../../support/postgres/postgres-server.ts';
import type { PostgresServer } from '../../../support/postgres/postgres-server.ts';
import { inviteWithKey, stopCleanly } from '../../invite-with-key.ts';
import { killCount, printProgress } from '../../kills/kill-count.ts';
import { startRunning } from '../../running.ts';
import { runCli } from '../cli.ts';

/**
 * `kill -9` of `ledger move` at random moments of its conversation with the server, and right behind it, while the file gets
 * its new name. The full count: `KILL_ROUNDS=100 npx vitest run --project e2e-servers test/e2e/postgres/commands/move-killed.test.ts`.
 */
const count = killCount(3);
const { rounds, seed, isFull } = count;
/** The new name takes a few milliseconds; then the command ends. */
const MOST_BEHIND_MS = 30;

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.remove());

const urlOf = (port: number, schema: string): string =>
  `postgres://postgres@127.0.0.1:${port}/postgres?schema=${schema}`;

/** Passes bytes on to the server, and calls `onPiece` for each piece of its answers. */
async function startWatch(onPiece: (piece: Buffer) => void) {
  const listener = createServer((client) => {
    const upstream = connect(server.port, '127.0.0.1');
    for (const [from, to] of [[client, upstream] as const, [upstream, client] as const]) {
      from.on('error', () => to.destroy());
      from.on('close', () => to.destroy());
    }
    client.pipe(upstream);
    upstream.on('data', (piece: Buffer) => {
      client.write(piece);
      onPiece(piece);
    });
  }).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  return { port: (listener.address() as AddressInfo).port, close: () => void listener.close() };
}

/** The server's answer to the end of the move. Those to the reading transactions before look the same. */
const COMMITTED = 'COMMIT\0';

interface Killed {
  /** How many pieces the server had answered with, and how many of them held a commit. */
  readonly pieces: number;
  readonly commits: number;
  readonly wasKilled: boolean;
}

/** Moves, and kills that at the moment that `isMoment` names: so many milliseconds behind a piece, or null. */
async function moveAndKill(
  path: string,
  schema: string,
  isMoment: (seen: Pick<Killed, 'pieces' | 'commits'>) => number | null,
): Promise<Killed> {
  const seen = { pieces: 0, commits: 0 };
  let kill = (): void => undefined;
  const watch = await startWatch((piece) => {
    seen.pieces += 1;
    if (piece.includes(COMMITTED)) seen.commits += 1;
    const afterMs = isMoment(seen);
    if (afterMs !== null) setTimeout(kill, afterMs);
  });
  const child = spawn(process.execPath, ['src/cli.ts', 'ledger', 'move', `sqlite:${path}`, urlOf(watch.port, schema)], {
    env: { PATH: process.env['PATH'] },
    stdio: 'ignore',
  });
  kill = () => void child.kill('SIGKILL');
  await once(child, 'close');
  watch.close();
  return { ...seen, wasKilled: child.signalCode === 'SIGKILL' };
}

it(
  'ledger move that is killed leaves the file as it was or the move whole, and the same command again ends it',
  {
    timeout: 120_000 + rounds * 30_000,
  },
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'invite-proxy-move-killed-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const original = join(folder, 'original.db');
    const service = await startRunning({ LEDGER_URL: `sqlite:${original}` });
    for (const n of [1, 2, 3])
      expect((await inviteWithKey(service, `p${String(n)}@acme.com`, `onboarding-run-${String(n)}`)).status).toBe(200);
    await stopCleanly(service);
    const before = await readFile(original);
    const lines = await linesOf(original, join(folder, 'lines.ndjson'));

    const chance = createChance(seed);
    // The first one is not killed: it shows how long the conversation is.
    const whole = await moveAndKill(await copyTo(folder, 'whole', before), freshSchema(), () => null);
    expect(whole).toMatchObject({ wasKilled: false });
    const tally = { untouched: 0, moved: 0, ended: 0 };
    for (let round = 0; round < rounds; round += 1) {
      printProgress(count, round);
      const path = await copyTo(folder, `round-${String(round)}`, before);
      const schema = freshSchema();
      const piece = 1 + chance.below(whole.pieces);
      // Of four, one is killed while the file gets its new name.
      const behindMs = chance.below(4) === 0 ? chance.below(MOST_BEHIND_MS) : null;
      const killed = await moveAndKill(path, schema, ({ pieces, commits }) => {
        if (behindMs !== null) return commits === whole.commits ? behindMs : null;
        return pieces === piece ? 0 : null;
      });
      const content = await readFile(path);
      const isUntouched = content.equals(before);
      tally[!killed.wasKilled ? 'ended' : isUntouched ? 'untouched' : 'moved'] += 1;
      if (isUntouched) {
        const again = await runCli(['ledger', 'move', `sqlite:${path}`, urlOf(server.port, schema)], {});
        expect([again.code, again.err]).toEqual([0, '']);
      } else expect(content.toString('latin1')).toContain('This ledger was moved to PostgreSQL.');

      // Both sides have everything: the file as it was, under its new name, and every line of it in the target.
      const names = (await readdir(dirname(path))).filter((name) => name.startsWith('ledger.db.'));
      expect(names).toEqual([expect.stringMatching(/\.moved-/)]);
      expect((await readFile(join(dirname(path), names[0] ?? ''))).equals(before)).toBe(true);
      const verified = await runCli(['audit', 'verify', '--ledger', urlOf(server.port, schema), '--lines', lines], {});
      expect([verified.code, verified.err]).toEqual([0, '']);
    }
    if (isFull) process.stdout.write(`kills of ledger move: ${JSON.stringify({ rounds, seed, ...tally })}\n`);
  },
);

async function copyTo(folder: string, name: string, ledger: Buffer): Promise<string> {
  await mkdir(join(folder, name));
  const path = join(folder, name, 'ledger.db');
  await writeFile(path, ledger, { mode: 0o600 });
  return path;
}

/** Writes every line of a ledger that verifies, and returns the path. */
async function linesOf(ledger: string, path: string): Promise<string> {
  const { code, out } = await runCli(['audit', 'export', '--ledger', ledger], {});
  expect(code).toBe(0);
  await writeFile(path, out);
  return path;
}
