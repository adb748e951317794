/**
 * Why a listener ends a connection by itself: one row per cause, with the sentence for the client and, where a setting
 * of a load balancer or of this service is the cause, the sentence for the operator's log. The reason is the label of
 * the metric and the key in the log line (docs/operations.md lists them). Nothing here depends on what a client wrote.
 */
import type { ProblemCode } from '../../../../contract/problem.ts';
import { HEADER_LIMIT_BYTES, MAX_HEADER_BYTES } from '../../../../lib/http/header-limit.ts';

export interface RefusalCause {
  /** Null: the connection is closed without an answer. */
  readonly code: ProblemCode | null;
  /** For the client. Left out: the advice of the code. */
  readonly detail?: string;
  /** For the operator: what to change. Left out where the cause is the client alone. */
  readonly remedy?: string;
}

export const REFUSAL_CAUSES = {
  tls_handshake: {
    code: 'malformed_request',
    detail: 'The connection began with a TLS handshake; this port speaks plain HTTP.',
    remedy:
      'A connection began with a TLS handshake; this port speaks plain HTTP. Let the load balancer use http here.',
  },
  proxy_protocol: {
    code: 'malformed_request',
    detail: 'The connection began with a PROXY protocol header, which this port does not read.',
    remedy:
      'A connection began with a PROXY protocol header. Turn the PROXY protocol off at the load balancer; the caller’s address is read from X-Forwarded-For.',
  },
  http2: {
    code: 'malformed_request',
    detail: 'The connection began with HTTP/2; this port speaks HTTP/1.1.',
    remedy: 'A connection began with HTTP/2. Let the load balancer use HTTP/1.1 here.',
  },
  other_protocol: {
    code: 'malformed_request',
    detail: 'The connection did not begin with an HTTP request.',
  },
  request_line: {
    code: 'malformed_request',
    detail:
      'The request line must be a method in capital letters, a space, a path, a space and HTTP/1.1, in visible ASCII characters.',
  },
  http_version: { code: 'malformed_request', detail: 'Send the request as HTTP/1.1.' },
  empty_lines: { code: 'malformed_request', detail: 'Send no empty lines before a request.' },
  line_end: { code: 'malformed_request', detail: 'End each line of the request with CR LF.' },
  field_line: {
    code: 'malformed_request',
    detail:
      'A header field cannot be read. Each is one line: a name, a colon without a space before it, and a value without control characters.',
  },
  framing: {
    code: 'malformed_request',
    detail:
      'Where the body ends must be clear. Send either one Content-Length or Transfer-Encoding: chunked with well-formed chunks, and no other transfer coding.',
  },
  host: {
    code: 'malformed_request',
    detail: 'Send exactly one Host field with a host name and, where needed, a port.',
  },
  target: {
    code: 'malformed_request',
    detail:
      'Send the path as /openapi.json writes it, from its "/" on: without encoded characters, dot segments, "\\", "//" or "#".',
  },
  absolute_target: {
    code: 'malformed_request',
    detail:
      'Send only the path in the request line, not a whole URL. A client that sends the URL takes this service for its forward proxy.',
  },
  server_target: {
    code: 'malformed_request',
    detail: 'The target "*" is not served. Ask for a path; health is at /livez and /readyz.',
  },
  expectation: { code: 'malformed_request', detail: 'Send no Expect field but "Expect: 100-continue".' },
  tunnel: { code: 'malformed_request', detail: 'This service is not a forward proxy: it opens no tunnel for CONNECT.' },
  header_fields_too_large: {
    code: 'header_fields_too_large',
    detail: `The URL and the header fields are larger than ${MAX_HEADER_BYTES / 1024} KiB, or there are more than 1000 fields; at most ${HEADER_LIMIT_BYTES / 1024} KiB are accepted. Usually a token with many groups or many cookies are the cause.`,
    remedy:
      'The header section of a request was too large. Usually a token with many groups or many cookies are the cause.',
  },
  incomplete: { code: 'malformed_request', detail: 'The connection ended within the request.' },
  malformed: { code: 'malformed_request' },
  timeout: { code: 'request_timeout' },
  slow_reader: { code: null },
  idle: { code: null },
  too_many: { code: null },
  too_many_of_address: {
    code: null,
    remedy: 'One address had too many connections. If it is a load balancer or a proxy, set TRUSTED_PROXY_HOPS.',
  },
} as const satisfies Record<string, RefusalCause>;

export type RefusalReason = keyof typeof REFUSAL_CAUSES;

/** What a connection begins with when it does not begin with a request. The first row that fits counts. */
const BEGINNINGS: readonly (readonly [RegExp, RefusalReason])[] = [
  // oxlint-disable-next-line no-control-regex -- RFC 8446 §5.1: a record of the handshake.
  [/^\u0016/, 'tls_handshake'],
  // Version 2 begins with two empty lines, which are not part of the line, and these bytes.
  // oxlint-disable-next-line no-control-regex -- The PROXY protocol, §2.1 and §2.2.
  [/^(?:PROXY |\u0000\r)/, 'proxy_protocol'],
  // RFC 9113 §3.4: the connection preface.
  [/^PRI \* HTTP\/2/, 'http2'],
  [/^[^A-Za-z\r\n]/, 'other_protocol'],
  [/(?:^|[^\r])\n$/, 'line_end'],
  // Without a version, or with that of another protocol: HTTP/0.9, RTSP/1.0, ICE/1.0, HTTP/3.0.
  [/^[!-~]+ [!-~]+(?: (?!HTTP\/1\.[01]\r)[!-~]+)?\r\n$/, 'http_version'],
];

/** Error codes of Node, of its parser, and of `one-at-a-time`. Every other error is `malformed`. */
const REASONS: ReadonlyMap<string, RefusalReason> = new Map<string, RefusalReason>([
  ['ERR_HTTP_REQUEST_TIMEOUT', 'timeout'],
  ['BAD_REQUEST_LINE', 'request_line'],
  ['EMPTY_LINES', 'empty_lines'],
  ['HPE_HEADER_OVERFLOW', 'header_fields_too_large'],
  ['HPE_INVALID_METHOD', 'request_line'],
  ['HPE_INVALID_URL', 'request_line'],
  ['HPE_INVALID_VERSION', 'http_version'],
  ['HPE_INVALID_CONSTANT', 'http_version'],
  ['HPE_STRICT', 'line_end'],
  ['HPE_LF_EXPECTED', 'line_end'],
  ['HPE_CR_EXPECTED', 'line_end'],
  ['HPE_INVALID_HEADER_TOKEN', 'field_line'],
  ['HPE_INVALID_CONTENT_LENGTH', 'framing'],
  ['HPE_UNEXPECTED_CONTENT_LENGTH', 'framing'],
  ['HPE_INVALID_TRANSFER_ENCODING', 'framing'],
  ['HPE_INVALID_CHUNK_SIZE', 'framing'],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', 'framing'],
  ['HPE_INVALID_EOF_STATE', 'incomplete'],
]);

/** `line` is the request line as far as it has been read, in Latin-1, with its end. */
export function refusalReason(errorCode: string | undefined, line: string): RefusalReason {
  const reason = REASONS.get(errorCode ?? '') ?? 'malformed';
  if (reason === 'timeout' || reason === 'incomplete') return reason;
  return BEGINNINGS.find(([pattern]) => pattern.test(line))?.[1] ?? reason;
}
