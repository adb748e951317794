import { describe, expect, it } from 'vitest';
import { createFramer } from '../../../bench/load/framing.ts';

const ANSWERS = [
  'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]',
  'HTTP/1.1 503 Service Unavailable\r\ncontent-length:0\r\n\r\n',
  'HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n',
  'HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{"text":"\r\n\r\n0\r\n\r\n"}',
];
const STATUSES = ['200', '503', '201', '202', '403'];

describe('the load generator', () => {
  it.each([1, 2, 7, 10_000])('finds the end of each answer, read in pieces of %i bytes', (size) => {
    const bytes = Buffer.from(ANSWERS.join(''), 'latin1');
    const lines: string[] = [];
    const read = createFramer((line) => void lines.push(line));
    for (let from = 0; from < bytes.length; from += size) read(bytes.subarray(from, from + size));
    expect(lines.map((line) => line.slice(9, 12))).toEqual(STATUSES);
  });

  it('waits for the last byte of an answer', () => {
    for (const answer of ANSWERS) {
      let whole = 0;
      const read = createFramer(() => (whole += 1));
      read(Buffer.from(answer.slice(0, -1), 'latin1'));
      expect(whole).toBe(0);
      read(Buffer.from(answer.slice(-1), 'latin1'));
      expect(whole).toBe(1);
    }
  });
});
