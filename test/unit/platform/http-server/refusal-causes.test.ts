import { describe, expect, it } from 'vitest';
import { PROBLEMS } from '../../../../src/contract/problem.ts';
import type { RefusalCause } from '../../../../src/platform/node/http-server/connections/refusal-causes.ts';
import { REFUSAL_CAUSES, refusalReason } from '../../../../src/platform/node/http-server/connections/refusal-causes.ts';

describe('the causes of refusals', () => {
  it('each have a code of this service or no answer at all, and plain sentences', () => {
    for (const { code, detail, remedy } of Object.values<RefusalCause>(REFUSAL_CAUSES)) {
      if (code !== null) expect(Object.keys(PROBLEMS)).toContain(code);
      for (const sentence of [detail, remedy]) if (sentence !== undefined) expect(sentence).toMatch(/^[A-Z].*\.$/);
    }
  });

  it.each([
    ['HPE_INVALID_METHOD', '\u0016\u0003\u0001', 'tls_handshake'],
    ['HPE_INVALID_METHOD', '\u0016', 'tls_handshake'],
    ['BAD_REQUEST_LINE', '\u0016\u0003\u0001\r\n', 'tls_handshake'],
    ['HPE_INVALID_METHOD', 'PROXY TCP6 ::1', 'proxy_protocol'],
    ['BAD_REQUEST_LINE', 'PROXY UNKNOWN\r\n', 'proxy_protocol'],
    ['BAD_REQUEST_LINE', '\u0000\r\n', 'proxy_protocol'],
    ['HPE_INVALID_METHOD', '\u0000\r', 'proxy_protocol'],
    ['BAD_REQUEST_LINE', 'PRI * HTTP/2.0\r\n', 'http2'],
    ['HPE_INVALID_METHOD', '\u0003\u0000\u0000\u0013', 'other_protocol'],
    ['HPE_INVALID_METHOD', ' GET / HTTP/1.1', 'other_protocol'],
    ['BAD_REQUEST_LINE', 'GET / HTTP/1.1\n', 'line_end'],
    ['BAD_REQUEST_LINE', 'GET /\r\n', 'http_version'],
    ['BAD_REQUEST_LINE', 'GET / RTSP/1.0\r\n', 'http_version'],
    ['BAD_REQUEST_LINE', 'GET / HTTP/1.2\r\n', 'http_version'],
    ['BAD_REQUEST_LINE', 'GET  / HTTP/1.1\r\n', 'request_line'],
    ['BAD_REQUEST_LINE', 'SSH-2.0-OpenSSH_9.9 Debian 1 2\r\n', 'request_line'],
    ['HPE_INVALID_METHOD', 'INVITE / HTTP/1.1\r\n', 'request_line'],
    ['HPE_INVALID_HEADER_TOKEN', 'GET / HTTP/1.1\r\n', 'field_line'],
    ['HPE_INVALID_CONTENT_LENGTH', 'POST / HTTP/1.1\r\n', 'framing'],
    ['HPE_HEADER_OVERFLOW', 'GET / HTTP/1.1\r\n', 'header_fields_too_large'],
    ['ERR_HTTP_REQUEST_TIMEOUT', '', 'timeout'],
    ['ERR_HTTP_REQUEST_TIMEOUT', 'GET  /', 'timeout'],
    ['HPE_INVALID_EOF_STATE', 'GET', 'incomplete'],
    ['EMPTY_LINES', '', 'empty_lines'],
    ['HPE_OF_TOMORROW', 'GET / HTTP/1.1\r\n', 'malformed'],
    [undefined, '', 'malformed'],
  ])('are found by error %s and line %j', (code, line, reason) => {
    expect(refusalReason(code, line)).toBe(reason);
  });
});
