/** `serveRaw` for tests in workerd: controls over HTTP a server that runs in Node (test/support/servers/raw-servers.ts). */
import type { Socket } from 'node:net';
import { inject } from 'vitest';
import type { RawConnection, RawServer, serveRaw } from '../../contract/http-port/server.ts';
import type { RawCommand, RawEvent } from '../../support/servers/raw-servers.ts';

/** One connection, as seen from workerd. */
interface Seen {
  readonly connection: RawConnection;
  readonly onData: (text: string) => void;
  readonly onClose: (() => void)[];
}

export const serveRawRemotely: typeof serveRaw = async (onConnection): Promise<RawServer> => {
  const control = inject('rawServersUrl');
  const opened = await fetch(`${control}/servers/`, { method: 'POST' });
  const { id, port } = await opened.json<{ id: string; port: number }>();
  const events = await fetch(`${control}/servers/${id}`);
  const state = { received: '' };
  const seen: Seen[] = [];

  function take(event: RawEvent): void {
    if (event.type === 'opened') {
      const order = (command: RawCommand): void => {
        const path = `${control}/servers/${id}/connections/${String(event.connection)}`;
        // One after the other, so that the bytes keep their order.
        commands = commands.then(
          async () => void (await fetch(path, { method: 'POST', body: JSON.stringify(command) })),
        );
      };
      let commands: Promise<void> = Promise.resolve();
      const one = see(order);
      seen.push(one);
      void onConnection(one.connection);
    } else if (event.type === 'data') {
      state.received += event.text;
      seen[event.connection]?.onData(event.text);
    } else for (const notify of seen[event.connection]?.onClose ?? []) notify();
  }

  const ended = readLines(events, (line) => take(JSON.parse(line) as RawEvent));
  return {
    origin: `http://127.0.0.1:${String(port)}`,
    port,
    get connections() {
      return seen.length;
    },
    get received() {
      return state.received;
    },
    async close() {
      await (await fetch(`${control}/servers/${id}`, { method: 'DELETE' })).text();
      await ended;
    },
  };
};

function see(order: (command: RawCommand) => void): Seen {
  let buffered = '';
  let more: (() => void) | null = null;
  const onClose: (() => void)[] = [];
  const socket = { on: (_event: string, notify: () => void) => onClose.push(notify) } as unknown as Socket;
  return {
    onClose,
    onData(text) {
      buffered += text;
      more?.();
    },
    connection: {
      socket,
      async request() {
        for (;;) {
          const headEnd = buffered.indexOf('\r\n\r\n') + 4;
          const length = Number(/\r\ncontent-length: (\d+)/i.exec(buffered)?.[1] ?? 0);
          if (headEnd > 3 && buffered.length >= headEnd + length) {
            const request = buffered.slice(0, headEnd + length);
            buffered = buffered.slice(headEnd + length);
            return request;
          }
          await new Promise<void>((resolve) => (more = resolve));
        }
      },
      write: (text) => order({ op: 'write', text }),
      end: (text = '') => order({ op: 'end', text }),
      reset: () => order({ op: 'reset', text: '' }),
    },
  };
}

async function readLines(response: Response, take: (line: string) => void): Promise<void> {
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const decoder = new TextDecoder();
  let text = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    text += decoder.decode(value, { stream: true });
    const lines = text.split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) take(line);
  }
}
