import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { ROOT } from './source-tree.ts';

/** The image's HEALTHCHECK command, run as a container engine runs it. Its exit code is its only result. */
let server: Server | null = null;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  server = null;
});

async function serve(listener: RequestListener): Promise<string> {
  server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return String((server.address() as AddressInfo).port);
}

async function check(env: Record<string, string>): Promise<{ code: number | null; said: string }> {
  const child = spawn(process.execPath, [join(ROOT, 'deploy/healthcheck.ts')], { env, stdio: 'pipe' });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += String(chunk)));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, said };
}

const answering =
  (status: number): RequestListener =>
  ({ url }, response) => {
    response.writeHead(url === '/readyz' ? status : 404).end();
  };

describe('the health check', () => {
  it('is well when /readyz of the configured port answers 200, also when the service listens to every address', async () => {
    const PORT = await serve(answering(200));
    expect(await check({ PORT })).toEqual({ code: 0, said: '' });
    expect(await check({ PORT, HOST: '0.0.0.0' })).toEqual({ code: 0, said: '' });
  });

  it('is unwell when the service says that it is not ready', async () => {
    expect(await check({ PORT: await serve(answering(503)) })).toEqual({ code: 1, said: '' });
  });

  it('is unwell when nobody listens', async () => {
    const PORT = await serve(answering(200));
    server?.close();
    expect(await check({ PORT })).toEqual({ code: 1, said: '' });
  });

  it('is unwell, and ends by itself, when no answer comes', async () => {
    expect(await check({ PORT: await serve(() => undefined) })).toEqual({ code: 1, said: '' });
  });
});
