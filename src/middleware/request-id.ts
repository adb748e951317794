/**
 * Gives every request its id: a UUIDv7 that this service creates, never one from the caller. It is the audit id, and
 * every answer has it as X-Request-Id.
 */
import type { Ids } from '../ports/ids.ts';
import type { Step } from './in-order.ts';
import { addField } from './answers/respond.ts';

export function requestId(ids: Ids): Step {
  return function requestId(c) {
    const id = ids.uuid7();
    c.set('requestId', id);
    addField(c, 'X-Request-Id', id);
    return undefined;
  };
}
