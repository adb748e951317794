/**
 * Notes where a request came from, for the audit record: the client address that the platform reports, and the fields
 * User-Agent and Origin, which are unverified and are reduced to visible ASCII of bounded length. No decision depends
 * on it.
 */
import type { Deps } from '../deps.ts';
import type { Step } from './in-order.ts';

const MAX_CLAIM_LENGTH = 256;

export function source(clientAddress: Deps['clientAddress']): Step {
  return function source(c) {
    const userAgent = claim(c.req.header('User-Agent'));
    const origin = claim(c.req.header('Origin'));
    c.set('source', {
      address: clientAddress(c.req.raw.headers, c.env),
      ...(origin === null ? {} : { origin }),
      ...(userAgent === null ? {} : { user_agent: userAgent }),
    });
    return undefined;
  };
}

function claim(value: string | undefined): string | null {
  if (value === undefined || value === '') return null;
  return value.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, MAX_CLAIM_LENGTH);
}
