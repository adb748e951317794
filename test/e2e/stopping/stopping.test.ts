/**
 * SIGTERM while requests are running. Each request is answered or on record, the trail is complete and the exit code is
 * 0, which it is only within the time limit of a stop, however slow Galileo is.
 */
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { openRaw, statusesOf } from '../../support/servers/raw-http.ts';
import { IN_FLIGHT, inFlight, letCome, stop } from './in-flight.ts';
import type { LogLine, Running } from '../running.ts';
import { startRunning } from '../running.ts';

const audited = (service: Running): NonNullable<LogLine['record']>[] =>
  service.lines.flatMap(({ record }) => (record === undefined ? [] : [record]));

describe('SIGTERM with 50 invites at Galileo', () => {
  it('lets each be answered and recorded, then exits 0', async () => {
    const service = await startRunning();
    const released = Promise.withResolvers<void>();
    const answers = await inFlight(service, released.promise);
    const stopped = stop(service);
    await service.line(({ event }) => event === 'shutdown_begun');
    released.resolve();
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(await stopped).toBe(0);
    const records = audited(service);
    // Three records are about the start, one is about the stop.
    expect(records.map(({ seq }) => seq)).toEqual(Array.from({ length: 2 * IN_FLIGHT + 4 }, (_, n) => n + 1));
    expect(records.filter(({ kind }) => kind === 'outcome').map(({ outcome }) => outcome.result)).toEqual(
      answers.map(() => 'accepted'),
    );
  });

  it('whose callers have all gone away records each all the same, and delivers every record', async () => {
    const service = await startRunning();
    const released = Promise.withResolvers<void>();
    const callers = new AbortController();
    const answers = await inFlight(service, released.promise, callers.signal);
    callers.abort();
    await Promise.allSettled(answers);
    const stopped = stop(service);
    await service.line(({ event }) => event === 'shutdown_begun');
    // The listener waits for nothing more: it is closed when a connection is refused.
    await expect.poll(() => fetch(`http://127.0.0.1:${String(service.port)}/livez`).catch(() => null)).toBeNull();
    released.resolve();
    expect(await stopped).toBe(0);
    const outcomes = audited(service).filter(({ kind }) => kind === 'outcome');
    expect(outcomes.map(({ outcome }) => outcome.result)).toEqual(answers.map(() => 'accepted'));
  });

  it('that does not answer cuts them in time: each is told and recorded as unknown, and the exit code is 0', async () => {
    const service = await startRunning({ GALILEO_TIMEOUT_MS: '20000' }, { endsAsTold: true });
    const answers = await inFlight(service, new Promise(() => undefined));
    const stopped = stop(service);
    await letCome(service, 'cut');
    expect(await stopped).toBe(0);
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(answers.map(() => 504));
    const outcomes = audited(service).filter(({ kind }) => kind === 'outcome');
    expect(outcomes.map(({ outcome }) => outcome.result)).toEqual(answers.map(() => 'unknown'));
    expect(service.stderr()).toBe('');
  });
});

describe('a service that others reach', () => {
  it('is not ready from the first moment, serves on until load balancers have noticed, and then takes nothing more', async () => {
    const service = await startRunning({ HOST: '0.0.0.0' }, { endsAsTold: true });
    const url = `http://127.0.0.1:${String(service.port)}`;
    const token = await service.token();
    const stopped = stop(service);
    await service.line(({ event }) => event === 'shutdown_begun');
    const ready = await fetch(`${url}/readyz`);
    expect([ready.status, await ready.json()]).toEqual([503, { status: 'not_ready' }]);
    expect(ready.headers.get('Connection')).toBe('close');
    const ops = await fetch(`http://127.0.0.1:${String(service.opsPort)}/readyz`);
    expect(await ops.json()).toMatchObject({ status: 'not_ready', draining: true, ledger: 'ok' });
    expect((await service.invite('late@acme.com', token)).status).toBe(200);
    await letCome(service, 'grace');
    expect(await stopped).toBe(0);
    await expect(fetch(`${url}/livez`)).rejects.toThrow();
  });
});

describe('a service that nobody else reaches', () => {
  it('stops as soon as it can, whatever connections are kept or half-open', async () => {
    // No time of its end comes, so it waits for none of them.
    const service = await startRunning({}, { endsAsTold: true });
    const idle = openRaw(service.port);
    idle.write('GET /livez HTTP/1.1\r\nHost: a\r\n\r\n');
    await idle.until(/live/);
    const half = openRaw(service.port);
    half.write('POST /v2/invite_users HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{');
    await once(half.socket, 'connect');
    expect(await stop(service)).toBe(0);
    // What is half there has the time limit of every request, and then its answer.
    expect(statusesOf(await half.closed)).toEqual([408]);
  });

  it('ends at once at a second SIGTERM, and leaves intents without outcomes, as a crash does', async () => {
    const service = await startRunning();
    const answers = await inFlight(service, new Promise(() => undefined));
    const ends = Promise.allSettled(answers);
    const stopped = stop(service);
    await service.line(({ event }) => event === 'shutdown_begun');
    service.child.kill('SIGTERM');
    expect(await stopped).toBe(1);
    expect((await ends).every(({ status }) => status === 'rejected')).toBe(true);
    expect(audited(service).filter(({ kind }) => kind === 'outcome')).toEqual([]);
  });

  it('takes the SIGINT and the SIGTERM of one Ctrl-C for one', async () => {
    const service = await startRunning();
    const released = Promise.withResolvers<void>();
    const answers = await inFlight(service, released.promise);
    const stopped = stop(service, 'SIGINT');
    await service.line(({ event }) => event === 'shutdown_begun');
    service.child.kill('SIGTERM');
    released.resolve();
    expect((await Promise.all(answers)).every(({ status }) => status === 200)).toBe(true);
    expect(await stopped).toBe(0);
  });
});
