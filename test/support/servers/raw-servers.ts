/**
 * Raw TCP servers for tests inside workerd, where a test cannot listen on a socket. The servers run in vitest's main
 * process and are controlled over HTTP (client: test/workers/http/raw-servers-remote.ts). Vitest runs this before the
 * first test.
 *   POST /servers → {id, port} · GET /servers/ID → events, one JSON a line, until it is closed · DELETE /servers/ID
 *   POST /servers/ID/connections/N {op, text}
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestProject } from 'vitest/node';
import type { RawConnection, RawServer } from '../../contract/http-port/server.ts';
import { serveRaw } from '../../contract/http-port/server.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    readonly rawServersUrl: string;
  }
}

export type RawEvent =
  | { readonly type: 'opened' | 'closed'; readonly connection: number }
  | { readonly type: 'data'; readonly connection: number; readonly text: string };

export interface RawCommand {
  readonly op: 'write' | 'end' | 'reset';
  readonly text: string;
}

interface Driven {
  readonly server: RawServer;
  readonly connections: RawConnection[];
  readonly events: RawEvent[];
  report: (event: RawEvent) => void;
  finish: () => void;
}

export async function setup(project: TestProject): Promise<() => void> {
  const driven = new Map<string, Driven>();

  const open = async (): Promise<{ id: string; port: number }> => {
    const events: RawEvent[] = [];
    const connections: RawConnection[] = [];
    const report = (event: RawEvent): void => one.report(event);
    const server = await serveRaw((connection) => {
      const number = connections.push(connection) - 1;
      report({ type: 'opened', connection: number });
      connection.socket.on('data', (chunk) =>
        report({ type: 'data', connection: number, text: chunk.toString('latin1') }),
      );
      connection.socket.on('close', () => report({ type: 'closed', connection: number }));
    });
    const one: Driven = {
      server,
      connections,
      events,
      report: (event) => void events.push(event),
      finish: () => undefined,
    };
    const id = String(driven.size);
    driven.set(id, one);
    return { id, port: server.port };
  };

  const control = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      void answer(request.method ?? '', request.url ?? '', Buffer.concat(chunks).toString('utf8'));
    });
    async function answer(method: string, path: string, body: string): Promise<void> {
      const [, , id = '', , number = ''] = path.split('/');
      const one = driven.get(id);
      if (id === '') response.end(JSON.stringify(await open()));
      else if (one === undefined) response.writeHead(404).end();
      else if (method === 'GET') {
        const line = (event: RawEvent): void => void response.write(`${JSON.stringify(event)}\n`);
        one.report = line;
        one.finish = () => response.end();
        response.writeHead(200, { 'Content-Type': 'application/x-ndjson' }).flushHeaders();
        for (const event of one.events.splice(0)) line(event);
      } else if (method === 'DELETE') {
        await one.server.close();
        one.finish();
        response.end();
      } else {
        const { op, text } = JSON.parse(body) as RawCommand;
        one.connections[Number(number)]?.[op](text);
        response.end();
      }
    }
  });
  await new Promise<void>((listening) => control.listen(0, '127.0.0.1', listening));
  project.provide('rawServersUrl', `http://127.0.0.1:${String((control.address() as AddressInfo).port)}`);
  return () => {
    control.close();
    control.closeAllConnections();
  };
}
