/**
 * Generates .env.example from the setting rows. It loads as it is: what every deployment has to set is there with an
 * example, and everything else is commented out, with its default or an example. The form is what `docker --env-file`,
 * `node --env-file`, Compose and systemd read alike: no quotes, no comment behind a value, no variable in it.
 */
import type { SettingName, SettingRow } from './schema.ts';
import { SETTINGS } from './schema.ts';

const SET: ReadonlySet<string> = new Set<SettingName>(['GALILEO_API_KEY_FILE', 'AUTH_ISSUERS']);
const WIDTH = 118;

export function describeEnvExample(): string {
  const rows = Object.entries<SettingRow>(SETTINGS).map(
    ([name, row]) => `${comment(row)}\n${SET.has(name) ? '' : '#'}${name}=${value(row)}\n`,
  );
  return `${HEAD}\n\n${rows.join('\n')}`;
}

const HEAD = `${paragraph(
  'Generated from the rows in src/config by npm run docs. Every setting, with its default or an example; docs/config.md has the same as a table. Copy it to .env, put your values in, check them, and start:',
)}
#
#   node --env-file=.env src/cli.ts config check
#   node --env-file=.env --disable-sigusr1 src/node.ts
#
${paragraph('docker run takes it with --env-file .env. Values stand without quotes. Keep secrets in files (the settings with _FILE).')}`;

/** The sentences are those of docs/config.md, so their links begin in docs. */
const LINK = /\[([^\]]+)\]\(([^)]+)\)/g;

function comment({ about, secret }: SettingRow): string {
  return paragraph(`${secret === true ? 'Secret. ' : ''}${about.replaceAll('`', '').replaceAll(LINK, '$1 (docs/$2)')}`);
}

function value({ fallback, example, secret }: SettingRow): string {
  return secret === true ? '' : (fallback ?? example);
}

function paragraph(text: string): string {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < WIDTH) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(`# ${word}`);
  }
  return lines.join('\n');
}
