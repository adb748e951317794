/**
 * Two hundred connections that are slow on purpose, against the process as it runs in production, with its real limits:
 * all of them are ended by these limits, and callers beside them are served as if they were alone. How long the limits are
 * is tested with the listener (test/unit/platform/http-server/listener.test.ts): ten seconds at most.
 */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { openRaw, statusesOf } from '../support/servers/raw-http.ts';
import type { Running } from './running.ts';
import { startRunning } from './running.ts';

const run = promisify(execFile);
const CROWD = 200;

/** How each kind of slow client begins, and what it drips afterwards, twice a second. */
const KINDS: readonly (readonly [name: string, begin: string, drip: string, statuses: readonly number[]])[] = [
  ['say nothing', '', '', [408]],
  ['drip header fields', 'POST /v2/invite_users HTTP/1.1\r\nHost: proxy.example.com\r\n', 'X-A: b\r\n', [408]],
  [
    'drip a body',
    'POST /v2/invite_users HTTP/1.1\r\nHost: proxy.example.com\r\nContent-Length: 60000\r\n\r\n',
    'x',
    [408],
  ],
  [
    'drip a body in chunks',
    'POST /v2/invite_users HTTP/1.1\r\nHost: proxy.example.com\r\nTransfer-Encoding: chunked\r\n\r\n',
    '1\r\nx\r\n',
    [408],
  ],
  ['stay idle after a request', 'GET /livez HTTP/1.1\r\nHost: proxy.example.com\r\n\r\n', '', [200]],
];

/** Invites one after the other until `over`; returns how many were served. */
async function inviteUntil(service: Running, over: Promise<unknown>): Promise<number> {
  const token = await service.token();
  let [served, going] = [0, true];
  void over.finally(() => (going = false));
  while (going) {
    const response = await service.invite(`p${String(served)}@acme.com`, token);
    await response.arrayBuffer();
    expect(response.status).toBe(200);
    served += 1;
  }
  return served;
}

describe('slow clients', () => {
  it.each(KINDS)(
    'that %s, 200 at once, are told so and ended, and callers are served meanwhile',
    async (_, begin, drip, statuses) => {
      const service = await startRunning();
      const slow = Array.from({ length: CROWD }, () => openRaw(service.port));
      const gone = slow.map(async ({ socket, closed }) => {
        await once(socket, 'connect');
        socket.write(begin);
        const timer = setInterval(() => drip !== '' && socket.writable && socket.write(drip), 500);
        const text = await closed;
        clearInterval(timer);
        expect(statusesOf(text)).toEqual(statuses);
      });
      const [, served] = await Promise.all([Promise.all(gone), inviteUntil(service, Promise.allSettled(gone))]);
      // Each invite has its 200; bench/hostile-clients.ts measures how long they take.
      expect(served).toBeGreaterThan(1);
      expect(service.stderr()).toBe('');
    },
  );

  it('that do not take their answer are ended, and are counted', async () => {
    const service = await startRunning();
    // Many answers that nobody reads, on one connection: far more than the two sockets hold.
    const asked = 'GET /openapi.json HTTP/1.1\r\nHost: proxy.example.com\r\n\r\n'.repeat(200);
    const slow = Array.from({ length: 5 }, () => {
      const socket = connect(service.port, '127.0.0.1');
      socket.pause();
      socket.on('error', () => undefined);
      socket.write(asked);
      return socket;
    });
    const gone = /connections_refused_total\{listener="public",reason="slow_reader"\} 5\n/;
    const metrics = async () => (await fetch(`http://127.0.0.1:${String(service.opsPort)}/metrics`)).text();
    await expect.poll(metrics, { interval: 100 }).toMatch(gone);
    const token = await service.token();
    expect((await service.invite('ann@acme.com', token)).status).toBe(200);
    for (const socket of slow) socket.destroy();
    expect(service.stderr()).toBe('');
  });

  it('that hang up in the midst of things, five hundred of them, leave the process as it was', async () => {
    const service = await startRunning();
    const token = await service.token();
    const head = `POST /v2/invite_users HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\n`;
    const body = '{"emails":["gone@acme.com"]}';
    const begun = [
      'POST /v2/inv',
      `${head}Content-Length: 900\r\n\r\n{"emails"`,
      `${head}Transfer-Encoding: chunked\r\n\r\n4\r\n{"em\r\n`,
      `${head}Content-Length: ${String(body.length)}\r\n\r\n${body}`,
      'GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n',
    ];
    for (let n = 0; n < 500; n += 1) {
      const { socket, closed, write } = openRaw(service.port);
      await once(socket, 'connect');
      write(begun[n % begun.length] ?? '');
      if (n % 2 === 0) socket.resetAndDestroy();
      else socket.destroy();
      await closed;
    }
    expect((await service.invite('ann@acme.com', token)).status).toBe(200);
    expect(service.child.exitCode).toBeNull();
    expect(service.stderr()).toBe('');
    expect(service.lines.filter(({ event }) => event === 'unhandled_error' || event === 'crashed')).toEqual([]);
  });
});

const installed = await run('slowhttptest', ['-h']).then(
  () => true,
  (error: unknown) => (error as NodeJS.ErrnoException).code !== 'ENOENT',
);

describe('slowhttptest', () => {
  it('is installed where everything must be tested', () => {
    expect(installed || process.env.CI === undefined || process.env.CI === '').toBe(true);
  });

  // Debian's slowhttptest 1.8: -H slow header fields, -B slow bodies, -X slow reading; a drip each second.
  it.skipIf(!installed).each([
    ['slow header fields', ['-H']],
    ['slow bodies', ['-B', '-s', '60000', '-t', 'POST']],
  ])(
    `(${installed ? 'installed' : 'SKIPPED: apt-get install slowhttptest'}) with 200 connections of %s finds none of them alive in the end, and the service available throughout`,
    async (_, mode) => {
      const service = await startRunning();
      const folder = await mkdtemp(join(tmpdir(), 'invite-proxy-slow-'));
      const url = `http://127.0.0.1:${String(service.port)}/v2/invite_users`;
      const attack = run('slowhttptest', [
        ...mode,
        ...['-c', String(CROWD), '-r', String(CROWD), '-i', '1', '-l', '60', '-x', '8', '-p', '60', '-u', url],
        ...['-g', '-o', join(folder, 'figures')],
      ]);
      const served = await inviteUntil(service, attack);
      // It ends before its time only when it has no connection left.
      expect((await attack).stdout).toContain('No open connections left');
      expect(served).toBeGreaterThan(1);
      const rows = (await readFile(join(folder, 'figures.csv'), 'utf8'))
        .trim()
        .split('\n')
        .slice(1)
        .map((row) => row.split(',').map(Number));
      await rm(folder, { recursive: true });
      expect(rows.length).toBeGreaterThan(5);
      // Seconds, Closed, Pending, Connected, Service Available.
      expect(Math.max(...rows.map(([, , , connected = 0]) => connected))).toBeGreaterThan(0);
      expect(rows.filter(([, , , , available = 0]) => available === 0)).toEqual([]);
      expect(service.stderr()).toBe('');
    },
  );
});
