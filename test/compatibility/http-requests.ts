import { onTestFinished } from 'vitest';
import { schedule } from '../../src/platform/node/runtime.ts';
import { listen } from '../../src/platform/node/http-server/listener.ts';
import { ALLOWED_ORIGIN, createTestRefusals } from '../support/refusals.ts';
import { openRaw, statusesOf } from '../support/servers/raw-http.ts';
import type { TestService } from '../support/service.ts';
import { startTestService } from '../support/service.ts';

/** Requests as products write them, byte by byte, against a service that listens. */
export const INVITE = '{"emails":["ann@acme.com"]}';

export interface RawAnswer {
  readonly statuses: readonly number[];
  readonly text: string;
  /** The reasons for which the listener ended connections by itself. */
  readonly refused: readonly string[];
  readonly service: TestService;
}

/** Sends what `bytesOf` makes of a valid token. The last request must end the connection, or be no request. */
export async function sendRaw(bytesOf: string | ((token: string) => string)): Promise<RawAnswer> {
  const service = await startTestService();
  const listener = await listen(service.app.fetch, {
    ...{ name: 'public', host: '127.0.0.1', port: 0, refuse: createTestRefusals(), schedule },
    ...{ logger: service.deps.logger, metrics: service.deps.metrics },
  });
  onTestFinished(() => listener.close());
  const client = openRaw(listener.port);
  client.write(Buffer.from(typeof bytesOf === 'string' ? bytesOf : bytesOf(await service.token()), 'latin1'));
  const text = await client.closed;
  const refused = service.counted.flatMap((line) => /^connections_refused\{.*reason=(\w+)/.exec(line)?.[1] ?? []);
  return { statuses: statusesOf(text), text, refused, service };
}

/** A health probe. It closes its connection. */
export function probe(line: string, ...fields: readonly string[]): string {
  return `${[line, ...fields, 'Connection: close'].join('\r\n')}\r\n\r\n`;
}

/** An invite with these fields beside its token. */
export function inviteRequest(...fields: readonly string[]): (token: string) => string {
  return (token) =>
    `${[
      'POST /v2/invite_users HTTP/1.1',
      'Host: invites.acme.com',
      `Authorization: Bearer ${token}`,
      'Content-Type: application/json',
      `Content-Length: ${String(INVITE.length)}`,
      ...fields,
    ].join('\r\n')}\r\n\r\n${INVITE}`;
}

/** The answer to a preflight of an allowed origin that names these request fields. */
export async function preflight(fields: string, more: Record<string, string> = {}): Promise<Headers> {
  const service = await startTestService();
  const response = await service.request('/v2/invite_users', {
    method: 'OPTIONS',
    headers: {
      Origin: ALLOWED_ORIGIN,
      'Access-Control-Request-Method': 'POST',
      'Access-Control-Request-Headers': fields,
      ...more,
    },
  });
  return response.headers;
}
