/**
 * Follows the bytes between two requests: the empty lines that a client may send before a request (RFC 9112 §2.2), and
 * the request line. Node's parser accepts several spaces in that line, other protocols than HTTP and any number of empty
 * lines; here a fault is found before the parser gets the bytes.
 */
export interface RequestLine {
  /** The line as far as it has been read, in Latin-1, with its end. */
  text: string;
  emptyLineBytes: number;
  isComplete: boolean;
}

export type RequestLineFault = 'BAD_REQUEST_LINE' | 'EMPTY_LINES';

/** Two empty lines: some clients end a body with one, and the PROXY protocol is recognised by two. */
const MAX_EMPTY_LINE_BYTES = 4;
/** RFC 9112 §3. The parser judges the method and the characters of the target. */
const REQUEST_LINE = /^[!-~]+ [!-~]+ HTTP\/1\.[01]\r\n$/;
const [CR, LF] = [13, 10];

export function newRequestLine(): RequestLine {
  return { text: '', emptyLineBytes: 0, isComplete: false };
}

/** Takes the bytes from `from` to `to`, as far as they belong to the line. Null: nothing is wrong so far. */
export function readRequestLine(line: RequestLine, bytes: Buffer, from: number, to: number): RequestLineFault | null {
  if (line.isComplete) return null;
  let start = from;
  if (line.text === '') {
    while (start < to && (bytes[start] === CR || bytes[start] === LF)) start += 1;
    line.emptyLineBytes += start - from;
    if (line.emptyLineBytes > MAX_EMPTY_LINE_BYTES) return 'EMPTY_LINES';
  }
  const lineFeed = bytes.indexOf(LF, start);
  line.isComplete = lineFeed !== -1 && lineFeed < to;
  line.text += bytes.toString('latin1', start, line.isComplete ? lineFeed + 1 : to);
  return line.isComplete && !REQUEST_LINE.test(line.text) ? 'BAD_REQUEST_LINE' : null;
}
