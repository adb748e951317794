/**
 * Bounds the connections of a listener, all together and for each client address. At a bound, the connection that has
 * been idle longest makes room for a new one: it has had its answer, and its client can open another. Only when none is
 * idle, the new connection is refused. Where a trusted proxy is in front, all connections come from its address, so there
 * is no bound for an address.
 */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { createInFlight } from '../../../../lib/in-flight.ts';
import type { InFlight } from '../../../../lib/in-flight.ts';
import { networkOf } from '../../../../lib/http/network-of.ts';
import type { RefusalReason } from './refusal-causes.ts';

export interface ConnectionLimits {
  readonly maxConnections: number;
  /** Null: no bound. An IPv6 /64 is one address. */
  readonly maxConnectionsPerAddress: number | null;
}

/** A connection that counts. */
interface Place {
  readonly socket: Socket;
  /** Since its last answer; null: it has a request, or has had none yet. */
  idle: Idle | null;
  /** Frees the place; a second call does nothing. */
  leave(): void;
}

/** `order`: a later number for what has become idle later. `bytesRead`: one more byte may be a request. */
interface Idle {
  readonly order: number;
  readonly bytesRead: number;
}

type Group = InFlight<Place>;

export function limitConnections(
  server: Server,
  { maxConnections, maxConnectionsPerAddress }: ConnectionLimits,
  refused: (reason: RefusalReason) => void,
): void {
  const all: Group = createInFlight();
  const byAddress = new Map<string, Group>();
  const placeOf = new WeakMap<object, Place>();
  let answers = 0;

  // First of all listeners: a refused connection has no further effect.
  server.prependListener('connection', (socket: Socket) => {
    const address = networkOf(socket.remoteAddress ?? '');
    const own = byAddress.get(address) ?? createInFlight();
    if (own.size >= (maxConnectionsPerAddress ?? Infinity) && !makeRoom(own)) {
      refused('too_many_of_address');
      return void socket.destroy();
    }
    if (all.size >= maxConnections && !makeRoom(all)) {
      refused('too_many');
      return void socket.destroy();
    }
    byAddress.set(address, own);
    const place: Place = {
      ...{ socket, idle: null },
      leave() {
        for (const remove of removals) remove();
        if (own.size === 0 && byAddress.get(address) === own) byAddress.delete(address);
      },
    };
    const removals = [all.add(place), own.add(place)];
    placeOf.set(socket, place);
    // A destroyed socket says so later, and its place is free by then.
    socket.once('close', place.leave);
  });

  server.on('request', ({ socket }, outgoing) => {
    const place = placeOf.get(socket);
    if (place === undefined) return;
    place.idle = null;
    outgoing.once('close', () => {
      if (socket.destroyed || socket.readableLength > 0) return;
      place.idle = { order: (answers += 1), bytesRead: socket.bytesRead };
    });
  });

  /** Closes the connection that has been idle longest. False: none is idle. */
  function makeRoom(group: Group): boolean {
    let longest: Place | null = null;
    let order = Infinity;
    for (const place of group) {
      const { socket, idle } = place;
      if (idle === null || idle.order > order) continue;
      if (idle.bytesRead === socket.bytesRead) [longest, order] = [place, idle.order];
      else place.idle = null;
    }
    if (longest === null) return false;
    refused('idle');
    longest.leave();
    longest.socket.destroy();
    return true;
  }
}
