/**
 * What is wrong with a request that Node's parser accepts. Two readers could understand such a request differently (RFC
 * 9112 §11.2), or it asks for something that this service does not do. The checks read the fields as received, because
 * Node joins or drops repeated ones.
 */
import type { IncomingMessage } from 'node:http';
import { isHealthPath } from '../../../lib/http/health-paths.ts';
import { isPlainTarget } from '../../../lib/http/request-target.ts';
import type { RefusalReason } from './connections/refusal-causes.ts';

type Head = Pick<IncomingMessage, 'httpVersion' | 'rawHeaders' | 'url'>;

/** A registered name, an IPv4 address or an IPv6 literal, and a port, which may be empty (RFC 9110 §7.2, RFC 3986 §3.2.3). */
const HOST = /^(?:[\w.~!$&'()*+,;=-]+|\[[0-9A-Fa-f:.]+\])(?::\d{0,5})?$/;
/** RFC 9112 §3.2.2. */
const ABSOLUTE = /^[a-z][a-z\d+.-]*:\/\//i;

const FAULTS: readonly (readonly [isIn: (head: Head) => boolean, RefusalReason])[] = [
  [isHostUnclear, 'host'],
  [isFramingUnclear, 'framing'],
  [
    // HTTP/1.0 has no expectations (RFC 9110 §10.1.1).
    (head) => head.httpVersion !== '1.0' && fieldsOf(head, 'expect').some((value) => !/^100-continue$/i.test(value)),
    'expectation',
  ],
  [({ url }) => ABSOLUTE.test(url ?? ''), 'absolute_target'],
  [({ url }) => url === '*', 'server_target'],
  [({ url }) => !isPlainTarget(url ?? ''), 'target'],
];

/** The first fault of a request; null when it has none. */
export function requestFault(head: Head): RefusalReason | null {
  return FAULTS.find(([isIn]) => isIn(head))?.[1] ?? null;
}

/**
 * Only one Host is unambiguous (RFC 9112 §3.2). HTTP/1.0 needs none: health probes of load balancers send none. Some
 * probes send an empty one, which is enough for health, because that answer depends on no Host.
 */
function isHostUnclear(head: Head): boolean {
  const [host, ...others] = fieldsOf(head, 'host');
  if (host === undefined) return head.httpVersion !== '1.0';
  if (others.length > 0) return true;
  if (host === '') return !isHealthPath((head.url ?? '').replace(/\?.*/, ''));
  return !HOST.test(host) || !URL.canParse(`http://${host}/`);
}

/** HTTP/1.0 has no transfer codings, so a proxy of that version sees another end (RFC 9112 §6.1). The parser refuses a second field. */
function isFramingUnclear(head: Head): boolean {
  return fieldsOf(head, 'transfer-encoding').some((value) => head.httpVersion === '1.0' || !/^chunked$/i.test(value));
}

function fieldsOf({ rawHeaders }: Head, name: string): string[] {
  return rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name);
}
