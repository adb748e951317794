import { NOT_TAKEN } from '../delivery/entry.ts';
import { straysIn } from './looks-ours.ts';

/** What a line is that carries no record and no checkpoint, with the words of reports. None of them is a fault. */
export const OTHER_LINES = {
  operational: ['operational line of the service', 'operational lines of the service'],
  text: ['line of text', 'lines of text'],
  json: ['JSON line of another program', 'JSON lines of other programs'],
  printed: [
    'line of JSON that was printed over several lines (write one entry a line: jq -c)',
    'lines of JSON that was printed over several lines (write one entry a line: jq -c)',
  ],
  omitted: [
    'journal entry without its text (export with journalctl --all)',
    'journal entries without their text (export with journalctl --all)',
  ],
  unknown_form: [
    'line with a record in a form that is not read (pass the line as the service wrote it)',
    'lines with a record in a form that is not read (pass the lines as the service wrote them)',
  ],
  not_taken: [
    'stand-in for a record that its destination refused (audit export has the record)',
    'stand-ins for records that their destination refused (audit export has the records)',
  ],
  xml: ['line of XML with a record (export as JSON lines)', 'lines of XML with records (export as JSON lines)'],
  csv: ['line of CSV with a record (export as JSON lines)', 'lines of CSV with records (export as JSON lines)'],
  base64: ['line of base64 (export the decoded lines)', 'lines of base64 (export the decoded lines)'],
  cut: ['line that is cut where the input begins or ends', 'lines that are cut where the input begins or ends'],
  cut_copy: ['line that is cut, and follows whole', 'lines that are cut, and follow whole'],
  not_utf8: ['line that is not UTF-8', 'lines that are not UTF-8'],
  too_long: ['line of more than 4 MiB', 'lines of more than 4 MiB'],
} as const satisfies Readonly<Record<string, readonly [one: string, many: string]>>;

export type OtherLine = keyof typeof OTHER_LINES;

/** How a text hides one of our lines from this program, so that the report can say what to do. */
export function encodedIn(text: string): 'csv' | 'xml' | 'base64' | null {
  if (/""(?:hash|head|prev)""\s*:\s*""[0-9a-f]{64}""/.test(text)) return 'csv';
  if (/&(?:quot|#34);(?:hash|head|prev)&(?:quot|#34);\s*:\s*&(?:quot|#34);[0-9a-f]{64}&/.test(text)) return 'xml';
  return text.includes(BASE64_BEGIN) ? 'base64' : null;
}

/** `{"level":"`, the beginning of each line on stdout. */
const BASE64_BEGIN = 'eyJsZXZlbCI6I';

/** `text` is null for an object inside of another one. */
export function otherJson(value: Readonly<Record<string, unknown>>, text: string | null): OtherLine {
  if (value['channel'] === 'ops') return 'operational';
  if (value['MESSAGE'] === null) return 'omitted';
  if (value['kind'] === NOT_TAKEN) return 'not_taken';
  return straysIn(value, new Set()).length > 0
    ? 'unknown_form'
    : text?.includes(BASE64_BEGIN) === true
      ? 'base64'
      : 'json';
}
