/** The client with the `fetch` of its runtime, on real connections. */
import { describe, expect, it, onTestFinished } from 'vitest';
import type { InviteClient } from '../../../client/src/galileo-invite-client.ts';
import { createInviteClient, ServiceUnreachable } from '../../../client/src/galileo-invite-client.ts';
import type { RawConnection, serveRaw } from '../../contract/http-port/server.ts';
import { failureOf } from './scripted-service.ts';

const TOKEN = 'token-0123456789';
const REQUEST = { emails: ['ann@acme.com'] };

const answer = (body: string, fields: readonly string[] = []): string =>
  [
    'HTTP/1.1 200 OK',
    'Content-Type: application/json',
    'X-Request-Id: 0190a5d4-7c3a-7b1e-9f60-3f5d0c2b9e11',
    `Content-Length: ${body.length}`,
    'Connection: close',
    ...fields,
    '',
    body,
  ].join('\r\n');

function clientOf(url: string): InviteClient {
  return createInviteClient({
    url,
    token: () => TOKEN,
    // Only the limit of an attempt is as long as this, and it never ends here.
    delay: (ms) => (ms === 40_000 ? new Promise(() => undefined) : Promise.resolve()),
  });
}

const keysIn = (received: string): string[] =>
  [...received.matchAll(/^idempotency-key: (\w+)/gim)].map(([, key = '']) => key);

export function clientConnections(runtime: string, serve: typeof serveRaw): void {
  /** Answers the first request of each connection by its number, from 1. */
  const serving = async (onRequest: (connection: RawConnection, number: number) => void) => {
    let count = 0;
    const server = await serve(async (connection) => {
      await connection.request();
      onRequest(connection, (count += 1));
    });
    onTestFinished(() => server.close());
    return server;
  };

  describe(`the client with the fetch of ${runtime}`, () => {
    it('sends an invitation and reads the answer', async () => {
      const server = await serving((connection) =>
        connection.end(answer('{"invited":1}', ['RateLimit-Policy: "a";q=2;w=60'])),
      );
      expect(await clientOf(server.origin).inviteUsers(REQUEST)).toMatchObject({
        kind: 'invited',
        answer: { invited: 1 },
        quotas: [{ quota: 'a', limit: 2 }],
      });
      expect(server.received).toMatch(/^POST \/v2\/invite_users HTTP\/1\.1\r\n/);
      expect(server.received.toLowerCase()).toContain(`\r\nauthorization: bearer ${TOKEN}\r\n`);
      expect(server.received.endsWith('\r\n\r\n{"emails":["ann@acme.com"]}')).toBe(true);
    });

    it('follows no redirect, so the token goes nowhere else', async () => {
      const elsewhere = await serving((connection) => connection.end(answer('{"code":"stolen"}')));
      const server = await serving((connection) =>
        connection.end(
          `HTTP/1.1 307 See\r\nLocation: ${elsewhere.origin}/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`,
        ),
      );
      const failure = await failureOf(clientOf(server.origin).inviteUsers(REQUEST));
      expect(failure).toBeInstanceOf(ServiceUnreachable);
      expect(failure).toMatchObject({ outcome: 'unknown', status: 307 });
      expect(server.connections).toBe(1);
      expect(elsewhere.received).toBe('');
    });

    it.each<[string, (connection: RawConnection) => void]>([
      ['before an answer', (connection) => connection.reset()],
      ['in the middle of an answer', (connection) => connection.end(answer('{"invited":1}').slice(0, -5))],
    ])('repeats with the same key when the connection ends %s', async (_, cut) => {
      const server = await serving((connection, number) => {
        if (number === 1) cut(connection);
        else connection.end(answer('{"invited":1}', ['Idempotency-Replayed: true']));
      });
      expect(await clientOf(server.origin).inviteUsers(REQUEST)).toMatchObject({ kind: 'invited', replayed: true });
      const keys = keysIn(server.received);
      expect(keys.length).toBeGreaterThanOrEqual(2);
      expect(new Set(keys).size).toBe(1);
    });
  });
}
