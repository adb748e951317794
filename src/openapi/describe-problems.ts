/** Generates docs/problems.md from the rows of problem.ts, so that the page always matches the code. */
import { PROBLEMS } from '../contract/problem.ts';
import { MAX_LISTED_ERRORS } from '../contract/validation-error.ts';

/** The whole page as Markdown. */
export function describeProblems(): string {
  const rows = Object.entries(PROBLEMS).map(
    ([code, { status, origin, title, advice, ...row }]) =>
      `| \`${code}\` | ${status ?? "upstream's"} | ${originsOf({ origin, ...row })} | ${title} | ${advice}${'isTemporary' in row ? ' *When again.*' : ''} |`,
  );
  return `# Problems

Generated from \`src/contract/problem.ts\` by \`npm run docs\`; edit the rows there.

Every refusal but the 422 lists is \`application/problem+json\` (RFC 9457). \`code\` is stable and made for programs; \`origin\`
says who refused, and for \`outcome_unknown\` who lost the outcome: \`upstream\` when Galileo's answer did not come, \`proxy\` when
this service has no record of it; \`request_id\` is the \`X-Request-Id\` and leads to the audit trail, \`trace_id\` to the traces of your own
systems ([W3C Trace Context](calling.md#traces)). \`detail\` can be shown to people as it is:
numbers, waits and ids are filled in. The last column is the sentence where there is nothing more exact to say. *When again* is
"Try again in 3 h 56 min.", from the same value as the \`Retry-After\` field, or "Try again later." without the field.
After admission \`outcome\` says what became of the invitation. A 422 for a body that does not fit keeps Galileo's own shape:
\`{"detail":[{type,loc,msg}…],"code":"invalid_request","origin":"proxy","request_id":…,"trace_id":…}\`. It lists at most
${MAX_LISTED_ERRORS} errors; \`omitted\` counts the rest. The same holds for \`errors\`, Galileo's own list in \`upstream_refused\`.

| code | status | origin | title | \`detail\` |
|---|---|---|---|---|
${rows.join('\n')}
`;
}

function originsOf({ origin, otherOrigin }: { readonly origin: string; readonly otherOrigin?: string }): string {
  return otherOrigin === undefined ? `\`${origin}\`` : `\`${origin}\`, sometimes \`${otherOrigin}\``;
}
