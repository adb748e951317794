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

The environment is the only source. An empty variable counts as absent. Missing, unknown and contradictory settings
stop the start with every problem named at once; no secret is ever printed. What Kubernetes injects for its Services
(\`*_SERVICE_HOST\`, \`*_PORT*\`) is ignored. OpenTelemetry's standard variables are read only when \`AUDIT_SINKS\` has
\`otlp\`, and \`NO_PROXY\` only beside \`HTTPS_PROXY\`; values that are meant for other programs do not stop the start. Nor does an issuer or upstream that cannot be reached.

| setting | default | meaning | example |
|---|---|---|---|
${rows.join('\n')}
`;
}
