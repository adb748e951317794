/**
 * What is wrong with a request that Node's parser accepts. Two readers could understand such a request differently (RFC
 * 9112 §11.2), or it asks for something that this service does not do. The checks read the fields as received, because
 * Node joins or drops repeated ones.
 */
import type { IncomingMessage } from 'node:http';
import { isPlainTarget } from '../../../lib/request-target.ts';

type Head = Pick<IncomingMessage, 'httpVersion' | 'rawHeaders' | 'url'>;

interface Fault {
  readonly isIn: (head: Head) => boolean;
  /** What the caller should do. */
  readonly detail: string;
}

/** The parser also accepts other versions, which are wrong here: 0.9 has no fields, and 2.0 is another protocol. */
const VERSIONS = new Set(['1.0', '1.1']);
/** A registered name, an IPv4 address or an IPv6 literal, and a port (RFC 9110 §7.2). */
const HOST = /^(?:[\w.~!$&'()*+,;=-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/;

const FAULTS: readonly Fault[] = [
  { isIn: ({ httpVersion }) => !VERSIONS.has(httpVersion), detail: 'Send the request as HTTP/1.1.' },
  { isIn: isHostUnclear, detail: 'Send exactly one Host field with a host name and, where needed, a port.' },
  {
    // The parser refuses a second one.
    isIn: (head) => fieldsOf(head, 'transfer-encoding').some((value) => !/^chunked$/i.test(value)),
    detail: 'Send the body with a Content-Length or in plain chunks; no other transfer coding is accepted.',
  },
  {
    // HTTP/1.0 has no expectations (RFC 9110 §10.1.1).
    isIn: (head) =>
      head.httpVersion !== '1.0' && fieldsOf(head, 'expect').some((value) => !/^100-continue$/i.test(value)),
    detail: 'Send no Expect field but "Expect: 100-continue".',
  },
  {
    isIn: ({ url }) => !isPlainTarget(url ?? ''),
    detail:
      'Send the path as /openapi.json writes it, from its "/" on: without encoded characters, dot segments, "\\", "//" or "#".',
  },
];

/** The advice for the first fault of a request; null when it has none. */
export function requestFault(head: Head): string | null {
  return FAULTS.find(({ isIn }) => isIn(head))?.detail ?? null;
}

/** Only one Host is unambiguous (RFC 9112 §3.2). HTTP/1.0 needs none: health probes of load balancers send none. */
function isHostUnclear(head: Head): boolean {
  const [host, ...others] = fieldsOf(head, 'host');
  if (host === undefined) return head.httpVersion !== '1.0';
  return others.length > 0 || !HOST.test(host) || !URL.canParse(`http://${host}/`);
}

function fieldsOf({ rawHeaders }: Head, name: string): string[] {
  return rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name);
}
