/** One table of files for every reader of the service and of the check tools: the same file, the same words. */
import { execFile, execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keyCandidates } from '../../../src/config/key-candidates.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { TextFileError, textFilePhrase } from '../../../src/lib/text/text-file-error.ts';
import { openPolicy } from '../../../src/platform/node/policy/source.ts';
import { auditSecretProblems } from '../../../src/platform/node/secrets/audit-secrets.ts';
import { createSecrets } from '../../../src/platform/node/secrets/secrets.ts';
import { readText } from '../../../src/platform/node/text-file.ts';
import { policyFrom, TEST_ISSUERS } from '../../support/policy.ts';
import { CURRENT_KEY, recordLogs } from '../../support/upstream.ts';
import { GOOD_ENV, POLICY, runCommand } from '../cli/cli-harness.ts';

let folder = '';
let path = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'text-file-'));
  path = join(folder, 'a-file');
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const MAX_BYTES = 12 * 1024 * 1024;
const isRoot = process.getuid?.() === 0;

interface Refused {
  readonly kind: string;
  readonly make: () => Promise<unknown>;
  /** What is said of the file itself; after a setting; of a policy file. */
  readonly message: string;
  readonly named: string;
  readonly policy: string;
  /** Line 1, column 1 when it is left out. */
  readonly place?: { readonly line: number; readonly column: number };
}

const ADVICE: Readonly<Record<string, string>> = {
  ENOENT: ': there is none. A relative path begins at the working directory of this process',
  EACCES: ': the user of this process may not read it',
};
const unreadable = (code: string): Omit<Refused, 'kind' | 'make'> => ({
  message: `cannot be read (${code})`,
  named: `names a file that cannot be read (${code})`,
  policy: `the file cannot be read (${code})${ADVICE[code] ?? ''}`,
});
const NOT_A_FILE = {
  message: 'is not a file',
  named: 'names what is not a file',
  policy: 'the path is not that of a file: if it is a folder, Docker made it because the file to mount was missing',
};
/** A fault of the text has a place, which a policy file's problems show as they show every place. */
const foreign = (message: string, line: number, column: number) => ({
  message: `${message} (line ${line}, column ${column})`,
  named: `names a file that ${message} (line ${line}, column ${column})`,
  policy: `the file ${message}`,
  place: { line, column },
});
const UTF_16 = 'is UTF-16, which PowerShell and Notepad can write; save it as UTF-8';
const EIGHT_BIT = 'is not UTF-8 but probably Windows-1252; save it as UTF-8';
/** In Windows-1252 these are two lines with an ü. */
const WINDOWS_1252 = Uint8Array.from('version: 1\r\n# f\u00fcr alle\r\n', (character) => character.charCodeAt(0));
const bigEndian = (text: string): Uint8Array => Buffer.from(text, 'utf16le').swap16();

/** Files that no reader accepts, whatever its limit. */
const REFUSED: readonly Refused[] = [
  { kind: 'missing', make: async () => undefined, ...unreadable('ENOENT') },
  { kind: 'a folder', make: () => mkdir(path), ...NOT_A_FILE },
  { kind: 'a named pipe without a writer', make: async () => execFileSync('mkfifo', [path]), ...NOT_A_FILE },
  { kind: 'a device', make: () => symlink('/dev/zero', path), ...NOT_A_FILE },
  { kind: 'a link to itself', make: () => symlink(path, path), ...unreadable('ELOOP') },
  { kind: 'Windows-1252', make: () => writeFile(path, WINDOWS_1252), ...foreign(EIGHT_BIT, 2, 4) },
  {
    kind: 'UTF-8 that was cut off',
    make: () => writeFile(path, Uint8Array.of(0x76, 0xc3)),
    ...foreign(EIGHT_BIT, 1, 2),
  },
  { kind: 'UTF-16', make: () => writeFile(path, '\uFEFFversion: 1\n', 'utf16le'), ...foreign(UTF_16, 1, 1) },
  { kind: 'UTF-16 in the other order', make: () => writeFile(path, bigEndian('\uFEFFa\n')), ...foreign(UTF_16, 1, 1) },
  { kind: 'UTF-16 without a mark', make: () => writeFile(path, 'version: 1\n', 'utf16le'), ...foreign(UTF_16, 1, 2) },
  {
    kind: 'UTF-16 without a mark, in the other order',
    make: () => writeFile(path, bigEndian('a: 1\n')),
    ...foreign(UTF_16, 1, 1),
  },
  {
    kind: 'UTF-32',
    make: () => writeFile(path, Uint8Array.of(0xff, 0xfe, 0, 0, 0x76, 0, 0, 0)),
    ...foreign('is UTF-32; save it as UTF-8', 1, 1),
  },
  {
    kind: 'no text',
    make: () => writeFile(path, `${'a'.repeat(64)}\n\0`),
    ...foreign('is no text file: it holds a NUL character', 2, 1),
  },
  ...(isRoot ? [] : [{ kind: 'not readable', make: () => unreadableFile(), ...unreadable('EACCES') }]),
];

const TOO_LARGE: Refused = {
  kind: 'too large',
  make: () => writeFile(path, new Uint8Array(MAX_BYTES + 1)),
  message: `is longer than ${MAX_BYTES} bytes`,
  named: `names a file that is longer than ${MAX_BYTES} bytes`,
  policy: `the file is longer than ${MAX_BYTES} bytes`,
};

async function unreadableFile(): Promise<void> {
  await writeFile(path, 'text');
  await chmod(path, 0o000);
}

const { GALILEO_API_KEY } = GOOD_ENV;

describe('a file that is no text file', () => {
  it.each([...REFUSED, TOO_LARGE])('is refused without its path and its contents: $kind', async ({ make, message }) => {
    await make();
    const error: unknown = await readText(path).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TextFileError);
    expect(textFilePhrase(error)).toBe(message);
    expect(inspect(error, { showHidden: true })).not.toContain('a-file');
  });

  it.each([...REFUSED, TOO_LARGE])(
    'is refused as a policy by the service and by policy check alike: $kind',
    async ({ make, policy: message, place = { line: 1, column: 1 } }) => {
      await make();
      expect(await openPolicy(path, TEST_ISSUERS)).toEqual({ kind: 'refused', problems: [{ ...place, message }] });
      const { code, stdout } = await runCommand(['policy', 'check', path, '--any-issuer'], { deps: { readText } });
      expect([code, stdout.split('\n')[0]]).toEqual([2, `${path}:${place.line}:${place.column} ${message}`]);
    },
  );

  it.each([...REFUSED, TOO_LARGE])(
    'is refused as AUTH_ISSUERS_FILE by the service and by config check alike: $kind',
    async ({ make, named: message }) => {
      await make();
      const env = { GALILEO_API_KEY, AUTH_ISSUERS_FILE: path };
      const problems = [{ setting: 'AUTH_ISSUERS_FILE', message }];
      expect(await loadConfig({ env, readText })).toMatchObject({ kind: 'refused', problems });
      const { code, stdout } = await runCommand(['config', 'check', '--json'], { env, deps: { readText } });
      expect([code, JSON.parse(stdout)]).toEqual([2, { ok: false, problems }]);
    },
  );

  it.each(REFUSED)('is refused as the file of every secret: $kind', async ({ make, message, named }) => {
    await make();
    await expect(
      createSecrets({ GALILEO_API_KEY, GALILEO_API_KEY_NEXT_FILE: path }, recordLogs()),
    ).rejects.toMatchObject({ problems: [`GALILEO_API_KEY_NEXT_FILE ${message}`] });
    const settings = {
      AUDIT_EMAILS: 'hmac',
      AUDIT_SIGNING_KEY_FILE: path,
      AUDIT_HMAC_KEY_FILE: path,
      AUDIT_HTTP_TOKEN_FILE: path,
    } as const;
    expect(await auditSecretProblems(settings)).toEqual(
      ['AUDIT_SIGNING_KEY_FILE', 'AUDIT_HMAC_KEY_FILE', 'AUDIT_HTTP_TOKEN_FILE'].map(
        (setting) => `${setting} ${named}`,
      ),
    );
  });

  it.each(REFUSED)('holds up no search for keys: $kind', async ({ make }) => {
    await make();
    const env = { GALILEO_API_KEY, AUDIT_HTTP_TOKEN_FILE: path };
    expect((await keyCandidates({ env, readText })).map((key) => key.reveal())).toEqual([GALILEO_API_KEY]);
  });

  it.skipIf(process.platform !== 'linux')('is refused at the limit even when its size is reported as 0', async () => {
    await expect(createSecrets({ GALILEO_API_KEY_FILE: '/proc/self/maps' }, recordLogs())).rejects.toMatchObject({
      problems: ['GALILEO_API_KEY_FILE is too large for a key'],
    });
  });
});

/** The problems that a process prints, one per line, and its exit code. */
async function problemsPrinted(entry: string, args: readonly string[], env: Readonly<Record<string, string>>) {
  const { promise, resolve } = Promise.withResolvers<{ code: unknown; problems: readonly string[] }>();
  // A process that waits for a named pipe is ended, and its exit code is null.
  const options = { env: { PATH: process.env['PATH'], ...env }, cwd: folder, timeout: 20_000 };
  execFile(process.execPath, [join(process.cwd(), entry), ...args], options, (error, stdout, stderr) => {
    const problems = `${stdout}${stderr}`.split('\n').filter((line) => line.startsWith('  - '));
    resolve({ code: error?.code ?? 0, problems: problems.toSorted() });
  });
  return await promise;
}

describe('named pipes in place of files', () => {
  const { AUTH_ISSUERS } = GOOD_ENV;
  const http = { AUDIT_SINKS: 'http', AUDIT_HTTP_URL: 'https://collector.example.com/' };
  it.each([
    ['issuers', { GALILEO_API_KEY }, ['AUTH_ISSUERS_FILE']],
    [
      'policies, keys and a token',
      { AUTH_ISSUERS, ...http, AUDIT_EMAILS: 'hmac' },
      [
        ...['POLICY_FILE', 'SHADOW_POLICY_FILE', 'GALILEO_API_KEY_FILE', 'GALILEO_API_KEY_NEXT_FILE'],
        ...['AUDIT_SIGNING_KEY_FILE', 'AUDIT_HMAC_KEY_FILE', 'AUDIT_HTTP_TOKEN_FILE'],
      ],
    ],
  ])(
    'are refused by the service and by config check, at once and in the same words: %s',
    async (_what, rest, files) => {
      // The shadow policy must be another file than the policy.
      execFileSync('mkfifo', [path, `${path}-2`]);
      const pipeOf = (setting: string): string => (setting === 'SHADOW_POLICY_FILE' ? `${path}-2` : path);
      const env = { ...rest, ...Object.fromEntries(files.map((setting) => [setting, pipeOf(setting)])) };
      const [service, check] = await Promise.all([
        problemsPrinted('src/node.ts', [], env),
        problemsPrinted('src/cli.ts', ['config', 'check'], env),
      ]);
      expect(service).toMatchObject({ code: 2, problems: { length: files.length } });
      expect(check).toEqual(service);
    },
  );
});

describe('a text file', () => {
  it.each([
    ['is empty', '', ''],
    ['has a byte order mark', '\uFEFFversion: 1\n', 'version: 1\n'],
    ['has CRLF line ends', 'version: 1\r\n', 'version: 1\r\n'],
    ['has characters of more than one byte', 'note: Zürich ☃\n', 'note: Zürich ☃\n'],
  ])('is read as text when it %s', async (_title, written, text) => {
    await writeFile(path, written);
    expect(await readText(path)).toBe(text);
  });

  it('is read up to the limit, the last byte included', async () => {
    await writeFile(path, new Uint8Array(MAX_BYTES).fill(0x20));
    expect((await readText(path)).length).toBe(MAX_BYTES);
  });

  it('with a byte order mark and CRLF is the same policy, the same issuers and the same key', async () => {
    const { AUTH_ISSUERS } = GOOD_ENV;
    const windows = (text: string): Promise<void> => writeFile(path, `\uFEFF${text.replaceAll('\n', '\r\n')}`);
    await windows(POLICY);
    const opened = await openPolicy(path, TEST_ISSUERS);
    expect(opened.kind === 'opened' && opened.policy.current().digest).toBe(policyFrom(POLICY).digest);
    await windows(`${AUTH_ISSUERS}\n`);
    const loaded = await loadConfig({ env: { GALILEO_API_KEY, AUTH_ISSUERS_FILE: path }, readText });
    expect(loaded).toMatchObject({ kind: 'loaded', config: { issuers: JSON.parse(AUTH_ISSUERS) as unknown } });
    await windows(`${CURRENT_KEY}\n`);
    const secrets = await createSecrets({ GALILEO_API_KEY_FILE: path }, recordLogs());
    expect((await secrets.galileoKeys()).current.reveal()).toBe(CURRENT_KEY);
  });
});
