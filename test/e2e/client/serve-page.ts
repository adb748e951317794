/**
 * A web app with a page that invites: it serves the page and the built client, and passes on a token, as the backend of a
 * real app does. Its origin is not the service's.
 */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { packClient } from '../../unit/client/packed.ts';

const PAGE = join(import.meta.dirname, 'page.html');

export interface ServedPage {
  /** For CORS_ORIGINS. */
  readonly origin: string;
  /** The page for a service at this address. */
  pageFor(service: string): string;
}

/** `token`: where the app gets the person's token. */
export async function servePage(token: () => Promise<string>): Promise<ServedPage> {
  const packed = await packClient();
  const built = join(packed.project, 'node_modules/galileo-invite-client/dist');
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://page');
    const send = (type: string, body: string | Buffer): void => {
      response.writeHead(200, { 'Content-Type': type }).end(body);
    };
    const answer = async (): Promise<void> => {
      if (pathname === '/') send('text/html', await readFile(PAGE));
      else if (pathname === '/token') send('text/plain', await token());
      else if (/^\/client\/(?:[\w-]+\/)?[\w-]+\.js$/.test(pathname))
        send('text/javascript', await readFile(join(built, pathname.slice('/client/'.length))));
      else response.writeHead(404).end();
    };
    answer().catch(() => response.writeHead(500).end());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
    await packed.remove();
  });
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { origin, pageFor: (service) => `${origin}/?service=${encodeURIComponent(service)}` };
}
