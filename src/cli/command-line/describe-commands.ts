import { SERVICE_NAME } from '../../config/service.ts';
import type { Command } from './command.ts';
import { EXITS } from './exit-codes.ts';
import { exitRows, NPM_PROGRAM, optionName, usageLine } from './help.ts';

/** Generates docs/cli.md from the commands' descriptions, so that the page and `--help` cannot differ. */
export function describeCommands(commands: readonly Command[]): string {
  return `# Command line

Generated from \`src/cli/\` by \`npm run docs\`; edit the rows there.

\`${NPM_PROGRAM} COMMAND\` looks after the service from a terminal; a path is relative to the checkout. In a pipeline it is
\`npm run --silent cli -- COMMAND\`, because npm prints two lines of its own; in the container \`node src/cli.ts COMMAND\`; where the
package is installed \`${SERVICE_NAME} COMMAND\`. It needs Node 24.12 or later and says so on an older one.

A command reads the same environment as the service, so run it where the service runs: the same shell, or inside the container
(\`docker exec CONTAINER node src/cli.ts doctor\`). No command prints a secret or a token, nor an address that was not typed or asked for. Colour appears
on a terminal only, and never with \`NO_COLOR\` set. Every command takes \`--help\`.

| exit code | meaning |
|---|---|
${Object.values(EXITS)
  .map(({ code, means }) => `| ${code} | ${means} |`)
  .join('\n')}

${commands.map(describe).join('\n')}`;
}

function describe(command: Command): string {
  const { name, summary, about, operands, options, examples } = command;
  const parameters = [
    ...operands.map((operand) => `| \`${operand.name}\` | ${operand.about} |`),
    ...Object.entries(options).map(([option, row]) => `| \`${optionName(option, row.value)}\` | ${row.about} |`),
  ];
  return `## ${name}

${summary}

\`\`\`sh
${usageLine(command, NPM_PROGRAM)}
\`\`\`

${about.join('\n\n')}

| argument | meaning |
|---|---|
${parameters.join('\n')}

| exit code | meaning |
|---|---|
${exitRows(command)
  .map(({ code, means }) => `| ${code} | ${means} |`)
  .join('\n')}

${examples.map(({ line, does }) => `- \`${NPM_PROGRAM} ${line}\`: ${does}`).join('\n')}
`;
}
