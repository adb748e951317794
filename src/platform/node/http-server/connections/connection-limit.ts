/**
 * Bounds the connections of a listener, all together and for each client address. At a bound, the connection that has
 * been idle longest makes room for a new one: it has had its answer, and its client can open another. Only when none is
 * idle, the new connection is refused. Where a trusted proxy is in front, all connections come from its address, so there
 * is no bound for an address.
 */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { networkOf } from '../../../../lib/http/network-of.ts';
import type { RefusalReason } from './refusal-causes.ts';

export interface ConnectionLimits {
  readonly maxConnections: number;
  /** Null: no bound. An IPv6 /64 is one address. */
  readonly maxConnectionsPerAddress: number | null;
}

/** Idle connections, longest first, with the bytes received when they became idle: one more byte may be a request. */
type Idle = Map<Socket, number>;

interface Group {
  size: number;
  readonly idle: Idle;
}

export function limitConnections(
  server: Server,
  { maxConnections, maxConnectionsPerAddress }: ConnectionLimits,
  refused: (reason: RefusalReason) => void,
): void {
  const all: Group = { size: 0, idle: new Map() };
  const byAddress = new Map<string, Group>();
  const groupsOf = new WeakMap<object, readonly Group[]>();

  // First of all listeners: a refused connection has no further effect.
  server.prependListener('connection', (socket: Socket) => {
    const address = networkOf(socket.remoteAddress ?? '');
    const own = byAddress.get(address) ?? { size: 0, idle: new Map() };
    if (own.size >= (maxConnectionsPerAddress ?? Infinity) && !makeRoom(own)) {
      refused('too_many_of_address');
      return void socket.destroy();
    }
    if (all.size >= maxConnections && !makeRoom(all)) {
      refused('too_many');
      return void socket.destroy();
    }
    byAddress.set(address, own);
    const groups = [all, own];
    for (const group of groups) group.size += 1;
    groupsOf.set(socket, groups);
    socket.once('close', () => {
      leave(socket);
      if (own.size === 0) byAddress.delete(address);
    });
  });

  server.on('request', ({ socket }, outgoing) => {
    const groups = groupsOf.get(socket) ?? [];
    for (const { idle } of groups) idle.delete(socket);
    outgoing.once('close', () => {
      if (socket.destroyed || socket.readableLength > 0) return;
      for (const { idle } of groupsOf.get(socket) ?? []) idle.set(socket, socket.bytesRead);
    });
  });

  /** Closes the connection that has been idle longest. False: none is idle. */
  function makeRoom({ idle }: Group): boolean {
    for (const [socket, bytesRead] of idle) {
      const isIdle = socket.bytesRead === bytesRead;
      for (const group of groupsOf.get(socket) ?? []) group.idle.delete(socket);
      if (!isIdle) continue;
      refused('idle');
      leave(socket);
      socket.destroy();
      return true;
    }
    return false;
  }

  /** Frees the place at once; the `close` event of a destroyed socket comes later. */
  function leave(socket: Socket): void {
    for (const group of groupsOf.get(socket) ?? []) {
      group.size -= 1;
      group.idle.delete(socket);
    }
    groupsOf.delete(socket);
  }
}
