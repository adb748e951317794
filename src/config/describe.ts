/** Generates docs/config.md from the setting rows, so that the page always matches the code. */
import type { SettingRow } from './schema.ts';
import { SETTINGS } from './schema.ts';

/** The whole page as Markdown. */
export function describeSettings(): string {
  const rows = Object.entries<SettingRow>(SETTINGS).map(([name, { fallback, about, example, secret }]) => {
    const standard = fallback === undefined || fallback === '' ? '' : `\`${fallback}\``;
    return `| \`${name}\` | ${standard} | ${secret === true ? '**Secret.** ' : ''}${about} | \`${example}\` |`;
  });
  return `# Configuration

Generated from the rows in \`src/config\` by \`npm run docs\`; edit them there.

[config.schema.json](config.schema.json) is the JSON Schema of the environment, and [.env.example](../.env.example) has every setting
in the form of a file of variables; both come from the same rows.

The environment is the only source. An empty variable counts as absent. Missing, unknown and contradictory settings
stop the start with every problem named at once; no secret is ever printed. What Kubernetes injects for its Services
(\`*_SERVICE_HOST\`, \`*_PORT*\`) is ignored. The settings of Galileo's SDK (\`GALILEO_CONSOLE_URL\`, \`GALILEO_PROJECT\`,
\`GALILEO_LOG_STREAM\` and the like) are ignored too, and named in the log and by \`config check\`. OpenTelemetry's standard
variables are read only when \`AUDIT_SINKS\` has \`otlp\`, and \`NO_PROXY\` only beside \`HTTPS_PROXY\`; values that are meant for
other programs do not stop the start. Nor does an issuer or upstream that cannot be reached.

A byte order mark before a value and one line end behind it are removed. Words are read in any case, words and numbers
without spaces around them. A carriage return, quotes around a value, a comment and a variable that nothing has replaced
are refused by that name. Files must be UTF-8, with or without a byte order mark.

| setting | default | meaning | example |
|---|---|---|---|
${rows.join('\n')}
`;
}
