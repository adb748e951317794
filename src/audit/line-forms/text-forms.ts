/**
 * The texts that log systems put before a line, as a table of patterns. The first one that fits is the form, and the
 * line is what comes after it. Invariant: nothing that a pattern takes away can be JSON, so no record is hidden there.
 */
export interface TextForm {
  /** As people call it; shown in reports. */
  readonly name: string;
  /** From the beginning of the line. Its group `line` is the line where that is not the whole rest. */
  readonly before: RegExp;
  /** The line is inside a JSON string. */
  readonly isQuoted?: true;
}

const TIME = String.raw`\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?`;
/** As the log package of Go writes it. */
const GO_TIME = String.raw`\d{4}/\d\d/\d\d \d\d:\d\d:\d\d(?:\.\d{1,9})?`;
/** As multilog and s6-log write it. */
const TAI64N = String.raw`@4[0-9a-f]{23}`;
/** As rsyslog, journalctl and Heroku write it. */
const SYSLOG_TIME = String.raw`(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d+)?|${TIME}|[A-Z][a-z]{2} \d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? [\w+:-]+|\d{9,}\.\d+|\[ *\d+\.\d+\])`;
const COLOUR = String.raw`(?:\x1b\[[\d;]*m)*`;
const NAME = String.raw`[A-Za-z0-9][\w.-]*`;

export const TEXT_FORMS: readonly TextForm[] = [
  {
    name: 'CRI',
    before: form(String.raw`${TIME} (?<writer>stdout|stderr) (?<tag>[FP])(?::[A-Z]+)*(?: |$)`),
  },
  { name: 'JSON string', before: form(String.raw`(?<line>".*")$`), isQuoted: true },
  { name: 'JSON list', before: form(String.raw`[ \t]*(?<line>\{.*\}),$`) },
  { name: 'blanks', before: form(String.raw`[ \t]+(?=\{)`) },
  { name: 'SSE', before: form(String.raw`data: ?(?=\{)`) },
  { name: '@cee', before: form(String.raw`@cee: ?(?=\{)`) },
  { name: 'kail', before: form(String.raw`${NAME}/${NAME}\[${NAME}\]: (?=\{)`) },
  { name: 'kubetail', before: form(String.raw`${COLOUR}\[${NAME} ${NAME}\]${COLOUR} (?=\{)`) },
  { name: 'kubectl --prefix', before: form(String.raw`\[pod/${NAME}/${NAME}\] `) },
  {
    name: 'Compose',
    before: form(String.raw`${COLOUR}(?:\[${NAME}\]|\d+\|${NAME}|${NAME}(?:@${NAME})?) *\|${COLOUR} ?${COLOUR}`),
  },
  {
    name: 'syslog',
    before: form(
      String.raw`(?:(?:\d{1,7} )?<\d{1,3}>)?1 ${TIME} [\w.:-]+ [\w./-]+ [\w.-]+ [\w.-]+ (?:-|(?:\[[^\]{}]*\])+) ?\ufeff?`,
    ),
  },
  {
    name: 'syslog',
    before: form(String.raw`(?:<\d{1,3}>)?${SYSLOG_TIME} (?:[\w.:-]+ )?[\w./@-]+(?:\[[\w.]+\])?: ?`),
  },
  { name: 'Fluentd', before: form(String.raw`${TIME}\t[\w.*-]+\t(?=\{)`) },
  { name: 'Fluent Bit file', before: form(String.raw`${NAME}: \[\d+(?:\.\d+)?, (?<line>\{.*\})\]$`) },
  { name: 'Cloud Foundry', before: form(String.raw` *${TIME} \[[\w/.-]+\] (?:OUT|ERR) `) },
  { name: 'logcli', before: form(String.raw`(?:${TIME} )?\{(?:\w+="[^"{}\\]*"(?:, ?)?)+\} +(?=\{)`) },
  { name: 'aws logs tail', before: form(String.raw`${TIME} (?:[\w.:$[\]-]*\/[\w./:$[\]-]*|[0-9a-f]{12,64}) (?=\{)`) },
  { name: 'timestamps', before: form(String.raw`(?:${TIME}:?|${GO_TIME}|${TAI64N})[ \t]+`) },
  { name: 'stern', before: form(String.raw`(?:[a-z0-9-]+ )?[a-z0-9]+-[a-z0-9.-]+ [a-z0-9-]+ (?=\{)`) },
  { name: 'journalctl export', before: form(String.raw` *MESSAGE=`) },
  {
    name: 'printed JSON',
    before: form(
      String.raw`[ \t]+"(?:log|line|message|@message|MESSAGE|textPayload|stringValue|_raw|LogMessage|msg|event|original)" ?: (?<line>".*"),?$`,
    ),
    isQuoted: true,
  },
];

function form(pattern: string): RegExp {
  return new RegExp(pattern, 'y');
}

export interface TextContent {
  readonly form: TextForm;
  readonly line: string;
  /** Where the form can split a line: whether more of it follows, and what the pieces of one line have in common. */
  readonly split: { readonly continues: boolean; readonly key: string } | null;
}

/** Null when no form fits. */
export function contentAfter(text: string): TextContent | null {
  for (const row of TEXT_FORMS) {
    row.before.lastIndex = 0;
    const match = row.before.exec(text);
    if (match === null) continue;
    const { line = text.slice(match[0].length), writer, tag } = match.groups ?? {};
    const unquoted = row.isQuoted === true ? unquote(line) : line;
    if (unquoted === null) continue;
    const split = writer === undefined ? null : { continues: tag === 'P', key: writer };
    return { form: row, line: unquoted, split };
  }
  return null;
}

/** Null when it is no JSON string. */
function unquote(text: string): string | null {
  try {
    return String(JSON.parse(text));
  } catch {
    return null;
  }
}
