/**
 * Finds the ends of HTTP/1.1 messages in the bytes of one connection, for the load generator and the upstream stub. It
 * understands Content-Length and chunked bodies without trailers, which is what both ends of a bench send; it checks
 * nothing else.
 */

/** Calls back with the start line of each whole message. */
export function createFramer(onMessage: (startLine: string) => void): (chunk: Buffer) => void {
  let text = '';
  return (chunk) => {
    text += chunk.toString('latin1');
    for (let end = endOfMessage(text); end > 0; end = endOfMessage(text)) {
      const startLine = text.slice(0, text.indexOf('\r\n'));
      text = text.slice(end);
      onMessage(startLine);
    }
  };
}

const HEAD_END = '\r\n\r\n';
const LAST_CHUNK = '0\r\n\r\n';
const LENGTH = /\r\ncontent-length:[ \t]*(\d+)/i;
const CHUNKED = /\r\ntransfer-encoding:[ \t]*chunked/i;

/** The index behind the first message; 0 when it is not whole. */
function endOfMessage(text: string): number {
  const headEnd = text.indexOf(HEAD_END);
  if (headEnd < 0) return 0;
  const head = text.slice(0, headEnd);
  const bodyStart = headEnd + HEAD_END.length;
  if (CHUNKED.test(head)) {
    // A body of a bench holds no `0` line of its own, so its last chunk is the first text that looks like one.
    const last = text.startsWith(LAST_CHUNK, bodyStart) ? bodyStart : text.indexOf(`\r\n${LAST_CHUNK}`, bodyStart) + 2;
    return last < bodyStart ? 0 : last + LAST_CHUNK.length;
  }
  const end = bodyStart + Number(LENGTH.exec(head)?.[1] ?? 0);
  return text.length < end ? 0 : end;
}
