import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseEnv, promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import { SETTING_NAMES, SETTING_ROWS } from '../../../src/config/schema.ts';

const run = promisify(execFile);
const PATH = fileURLToPath(new URL('../../../.env.example', import.meta.url));
const text = readFileSync(PATH, 'utf8');
const everySetting = text.replaceAll(/^#(?! )/gm, '');

/** As Docker reads `--env-file`: a line is a name, `=` and the value as it is; `#` begins a comment at a line's start only. */
function asDockerReads(file: string): Record<string, string> {
  const lines = file.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'));
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)] as const),
  );
}

describe('.env.example', () => {
  it('loads as it is, with what every deployment has to set and nothing else', async () => {
    const env = asDockerReads(text);
    expect(Object.keys(env)).toEqual(['GALILEO_API_KEY_FILE', 'AUTH_ISSUERS']);
    const loaded = await loadConfig({ env, readText: () => Promise.reject(new Error('ENOENT')) });
    expect(loaded).toMatchObject({ kind: 'loaded', ignored: [] });
  });

  it('means the same to docker --env-file and to node --env-file, also with every line in force', async () => {
    expect(parseEnv(everySetting)).toEqual(asDockerReads(everySetting));
    const names = Object.keys(asDockerReads(text));
    const print = `console.log(JSON.stringify(${JSON.stringify(names)}.map((name) => [name, process.env[name]])))`;
    const { stdout } = await run(process.execPath, [`--env-file=${PATH}`, '--eval', print], { env: {} });
    expect(Object.fromEntries(JSON.parse(stdout) as [string, string][])).toEqual(asDockerReads(text));
  });

  it('has every setting once, each with a value that its own rule takes', () => {
    const env = asDockerReads(everySetting);
    expect(Object.keys(env)).toEqual(SETTING_NAMES);
    for (const name of SETTING_NAMES) {
      const value = env[name] ?? '';
      if (value !== '') expect([name, SETTING_ROWS[name].parse.safeParse(value).success]).toEqual([name, true]);
    }
  });

  it('is read as plain text: no link of Markdown, paths from where the file is, and each command on one line', () => {
    expect(text).not.toMatch(/\]\(/);
    expect(text.replaceAll('\n# ', ' ')).toContain('(docs/audit.md#trace-ids)');
    expect(text).toContain('\n#   node --env-file=.env src/cli.ts config check\n');
  });
});
