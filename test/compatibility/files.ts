import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { checkBearerToken } from '../../src/audit/delivery/bearer-token.ts';
import { importSigningKey } from '../../src/audit/checkpoint/signing-key.ts';
import { ledgerFinding } from '../../src/cli/doctor/checks/check-ledger.ts';
import { inspectLedger } from '../../src/cli/doctor/inspect-ledger.ts';
import { openLedger } from '../../src/platform/node/ledger/open-ledger.ts';
import { openPolicy } from '../../src/platform/node/policy/source.ts';
import { createSecrets } from '../../src/platform/node/secrets/secrets.ts';
import { readText } from '../../src/platform/node/text-file.ts';
import { GOOD_ENV, POLICY, runCommand } from '../unit/cli/cli-harness.ts';
import { createFakeClock, createFakeIds, testUuid7 } from '../support/clock.ts';
import { ED25519_VECTORS } from '../support/ed25519-vectors.ts';
import { admission } from '../support/ledger/ledger.ts';
import { TEST_ISSUERS } from '../support/policy.ts';
import { countedMetrics, keptLog } from '../support/tokens.ts';
import { recordLogs } from '../support/upstream.ts';
import type { Chapter, Situation } from './situation.ts';

/** In the form of Galileo's own keys. */
const KEY = 'aK-Ez6s58fD5U_FNqY7cfgvi8AiDTne10HMqnzUMszI';
const { AUTH_ISSUERS } = GOOD_ENV;
const SIGNING_PEM = ED25519_VECTORS[0]?.signingPem ?? '';

type Env = Readonly<Record<string, string>>;

async function configCheck(env: Env): Promise<string> {
  const { stdout } = await runCommand(['config', 'check'], { env: { ...GOOD_ENV, ...env } });
  expect(stdout).not.toContain(KEY);
  return stdout;
}

/** `config check` refuses these variables in these words, which are those of the service, and nothing else. */
const refused = (env: Env, ...sentences: readonly string[]) => ({
  async check() {
    const stdout = await configCheck(env);
    for (const sentence of sentences) expect(stdout).toContain(`  - ${sentence}\n`);
    expect(stdout.match(/^ {2}- /gm)).toHaveLength(sentences.length);
  },
});

const accepted = (env: Env, ...sentences: readonly string[]) => ({
  async check() {
    const stdout = await configCheck(env);
    expect(stdout).toContain('Nothing is wrong');
    for (const sentence of sentences) expect(stdout).toContain(sentence);
  },
});

/** A file in a folder of its own. */
async function fileOf(content: string | Uint8Array): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'files-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'file');
  await writeFile(path, content);
  return path;
}

const keyFile = (content: string | Uint8Array, outcome: RegExp | 'read') => ({
  async check() {
    const opened = createSecrets({ GALILEO_API_KEY_FILE: await fileOf(content) }, recordLogs());
    if (outcome === 'read') expect((await (await opened).galileoKeys()).current.reveal()).toBe(KEY);
    else await expect(opened).rejects.toThrow(outcome);
  },
});

const policyFile = (content: Uint8Array, line: number, column: number, message: string) => ({
  async check() {
    const path = await fileOf(content);
    const problems = [{ line, column, message }];
    expect(await openPolicy(path, TEST_ISSUERS)).toEqual({ kind: 'refused', problems });
    const { stdout } = await runCommand(['policy', 'check', path, '--any-issuer'], { deps: { readText } });
    expect(stdout).toContain(`${path}:${line}:${column} ${message}\n`);
  },
});

const utf16 = (text: string): Uint8Array => Buffer.from(`\uFEFF${text}`, 'utf16le');
const windows1252 = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const QUOTES = 'has quotes around it; docker --env-file passes them on: remove them';
const VARIABLE = 'is a variable that nothing has replaced by its value: docker --env-file and systemd replace none';

const FILES_ON_WINDOWS: readonly Situation[] = [
  {
    product: 'Windows editors',
    sends: 'a key file with a byte order mark and CRLF',
    does: 'Reads the key.',
    ...keyFile(`\uFEFF${KEY}\r\n`, 'read'),
  },
  {
    product: 'Windows editors',
    sends: 'a policy file in Windows-1252',
    does: 'Refuses it by that name, with line and column of the first such character.',
    ...policyFile(
      windows1252('# für alle\r\n'),
      1,
      4,
      'the file is not UTF-8 but probably Windows-1252; save it as UTF-8',
    ),
  },
  {
    product: 'PowerShell `>`',
    sends: 'a policy file in UTF-16',
    does: 'Refuses it by that name.',
    ...policyFile(utf16(POLICY), 1, 1, 'the file is UTF-16, which PowerShell and Notepad can write; save it as UTF-8'),
  },
  {
    product: 'PowerShell `>`',
    sends: 'a key file in UTF-16',
    does: 'Refuses it by that name, without the key.',
    ...keyFile(utf16(KEY), /^GALILEO_API_KEY_FILE is UTF-16, .* \(line 1, column 1\)$/),
  },
  {
    product: '`.env` from Windows',
    sends: '`PORT=8080` with a carriage return behind it',
    does: 'Names the carriage return.',
    ...refused(
      { PORT: '8080\r' },
      'PORT ends in a carriage return, as lines of Windows files do: save its file with LF line ends',
    ),
  },
  {
    product: '`.env` from Windows',
    sends: 'a byte order mark before the first value',
    does: 'Reads the value.',
    ...accepted({ GALILEO_API_KEY: `\uFEFF${KEY}` }),
  },
  {
    product: '`.env` from Windows',
    sends: 'a byte order mark before the first name',
    does: 'Names the byte order mark.',
    ...refused(
      { '\uFEFFPORT': '8080' },
      'PORT has a byte order mark before its name: save its file as UTF-8 without one',
    ),
  },
];

const VARIABLES: readonly Situation[] = [
  {
    product: '`docker --env-file`',
    sends: 'quotes around a key, an address and a path',
    does: 'Names the quotes of each.',
    ...refused(
      { GALILEO_API_KEY: `"${KEY}"`, PUBLIC_URL: "'https://invites.example.com'", POLICY_FILE: '"policy.yaml"' },
      `PUBLIC_URL ${QUOTES}`,
      `GALILEO_API_KEY ${QUOTES}`,
      `POLICY_FILE ${QUOTES}`,
    ),
  },
  {
    product: '`docker --env-file`',
    sends: 'a comment behind a value',
    does: 'Names the comment.',
    ...refused({ LOG_LEVEL: 'info # ours' }, 'LOG_LEVEL holds a comment, which docker --env-file passes on: remove it'),
  },
  {
    product: '`docker --env-file`, systemd',
    sends: '`${GALILEO_API_KEY}`, which neither replaces',
    does: 'Names the variable that was not replaced.',
    ...refused({ GALILEO_API_KEY: '${GALILEO_API_KEY}' }, `GALILEO_API_KEY ${VARIABLE}`),
  },
  {
    product: 'Compose, systemd',
    sends: '`~/policy.yaml`, which only a shell replaces',
    does: 'Names the `~`.',
    ...refused(
      { POLICY_FILE: '~/policy.yaml' },
      'POLICY_FILE begins with ~, which only a shell replaces: write the whole path',
    ),
  },
  {
    product: 'Kubernetes Secret',
    sends: 'a key with the line end of `echo` behind it',
    does: 'Reads the key.',
    ...accepted({ GALILEO_API_KEY: `${KEY}\n` }),
  },
  {
    product: 'Kubernetes Secret',
    sends: 'the base64 of its manifest in place of the key',
    does: 'Names the base64.',
    ...refused(
      { GALILEO_API_KEY: Buffer.from(`${KEY}\n`).toString('base64') },
      'GALILEO_API_KEY is base64 of the value, as in the manifest of a Kubernetes Secret: decode it',
    ),
  },
  {
    product: 'Kubernetes Services',
    sends: '`OPS_PORT=tcp://…` and `GALILEO_PORT_443_TCP_ADDR` for Services named `ops` and `galileo`',
    does: 'Ignores them.',
    ...accepted({ OPS_PORT: 'tcp://10.0.0.7:9091', GALILEO_PORT_443_TCP_ADDR: '10.0.0.7' }),
  },
  {
    product: 'Docker links',
    sends: '`GALILEO_NAME` and `GALILEO_ENV_PATH` beside `GALILEO_PORT=tcp://…`',
    does: 'Ignores them.',
    ...accepted({ GALILEO_NAME: '/proxy/galileo', GALILEO_ENV_PATH: '/bin', GALILEO_PORT: 'tcp://172.17.0.2:80' }),
  },
  {
    product: 'Galileo SDKs',
    sends: '`GALILEO_CONSOLE_URL`, `GALILEO_PROJECT`, `GALILEO_LOG_STREAM`',
    does: 'Ignores them, and names each in the log and in `config check`.',
    ...accepted(
      { GALILEO_CONSOLE_URL: 'https://app.galileo.ai', GALILEO_PROJECT: 'p', GALILEO_LOG_STREAM: 's' },
      'GALILEO_CONSOLE_URL is a setting of Galileo’s SDK and is ignored here; this service sends to GALILEO_API_URL',
      'GALILEO_PROJECT is a setting of Galileo’s SDK and is ignored here',
      'GALILEO_LOG_STREAM is a setting of Galileo’s SDK and is ignored here',
    ),
  },
  {
    product: 'people',
    sends: 'a mistyped setting',
    does: 'Refuses it with the nearest known name.',
    ...refused({ AUDIT_SINK: 'stdout' }, 'AUDIT_SINK is not a setting of this service; did you mean AUDIT_SINKS?'),
  },
  {
    product: 'people',
    sends: '`LOG_LEVEL=INFO`',
    does: 'Reads words in any case.',
    ...accepted({ LOG_LEVEL: 'INFO' }),
  },
  {
    product: 'people',
    sends: '`LOG_LEVEL=warning`, `GALILEO_RECONCILE=true`, `GALILEO_TIMEOUT_MS=15s`',
    does: 'Refuses them with what to write.',
    ...refused(
      { LOG_LEVEL: 'warning', GALILEO_RECONCILE: 'true', GALILEO_TIMEOUT_MS: '15s' },
      'LOG_LEVEL must be debug, info, warn, error or silent; did you mean warn?',
      'GALILEO_TIMEOUT_MS must be a whole number; write 15000',
      'GALILEO_RECONCILE must be on or off; did you mean on?',
    ),
  },
];

const SECRETS: readonly Situation[] = [
  {
    product: 'Vault Agent, `.env`',
    sends: 'a key file that holds `GALILEO_API_KEY=…`',
    does: 'Names the name and the `=`.',
    ...keyFile(
      `export GALILEO_API_KEY=${KEY}\n`,
      /^GALILEO_API_KEY_FILE holds a name and = before the value: write the value alone$/,
    ),
  },
  {
    product: 'AWS Secrets Manager, Vault',
    sends: 'a key file that holds `{"api_key":"…"}`',
    does: 'Names the JSON.',
    ...keyFile(JSON.stringify({ api_key: KEY }), /^GALILEO_API_KEY_FILE is JSON: write the value alone$/),
  },
  {
    product: '1Password, AWS, Azure',
    sends: 'a reference (`op://…`, `arn:aws:secretsmanager:…`) that nothing has resolved',
    does: 'Names the reference.',
    ...refused(
      { GALILEO_API_KEY: 'op://ops/galileo/api-key' },
      'GALILEO_API_KEY is a reference to a secret store that nothing has replaced by the secret',
    ),
  },
  {
    product: 'people',
    sends: 'the path of the key file in `GALILEO_API_KEY`',
    does: 'Names the setting that takes a path.',
    ...refused(
      { GALILEO_API_KEY: '/run/secrets/galileo-api-key' },
      'GALILEO_API_KEY is the path of a file: the setting of the same name with _FILE takes a path',
    ),
  },
  {
    product: 'people',
    sends: '`<your Galileo API key>`, `changeme-changeme`',
    does: 'Names the placeholder.',
    ...refused(
      { GALILEO_API_KEY: '<your Galileo API key>', GALILEO_API_KEY_NEXT: 'changeme-changeme' },
      'GALILEO_API_KEY is a placeholder or a shortened display of the value',
      'GALILEO_API_KEY_NEXT is a placeholder or a shortened display of the value',
    ),
  },
  {
    product: 'people',
    sends: '`Bearer …` as the token of a collector',
    does: 'Asks for what follows it.',
    check: () =>
      expect(checkBearerToken(`Bearer ${KEY}`)).toBe('begins with a word such as Bearer: write what follows it alone'),
  },
  {
    product: 'Vercel, GitHub Actions',
    sends: String.raw`a PEM text with \n in place of its line ends`,
    does: 'Reads the signing key.',
    check: async () => void (await importSigningKey(SIGNING_PEM.trim().replaceAll('\n', String.raw`\n`))),
  },
  {
    product: '`ssh-keygen`',
    sends: 'a signing key in the form of OpenSSH',
    does: 'Names the form and the command that makes a signing key.',
    async check() {
      const pem = '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaA==\n-----END OPENSSH PRIVATE KEY-----\n';
      await expect(importSigningKey(pem)).rejects.toThrow(/OpenSSH.*openssl genpkey -algorithm ed25519/);
    },
  },
];

const ISSUERS: readonly Situation[] = [
  {
    product: 'Windows editors',
    sends: '`AUTH_ISSUERS_FILE` with a byte order mark and CRLF',
    does: 'Reads the issuers.',
    async check() {
      const env = { GALILEO_API_KEY: KEY, AUTH_ISSUERS_FILE: await fileOf(`\uFEFF${AUTH_ISSUERS}\r\n`) };
      expect((await runCommand(['config', 'check'], { env, deps: { readText } })).stdout).toContain('Nothing is wrong');
    },
  },
  {
    product: 'shells',
    sends: '`AUTH_ISSUERS` without its double quotes',
    does: 'Says that the quotes are lost.',
    ...refused(
      { AUTH_ISSUERS: AUTH_ISSUERS.replaceAll('"', '') },
      'AUTH_ISSUERS has lost its double quotes, as in a shell: put single quotes around the whole value',
    ),
  },
  {
    product: 'people',
    sends: '`AUTH_ISSUERS` with a comma before the closing bracket',
    does: 'Names line, column and cause.',
    ...refused(
      { AUTH_ISSUERS: AUTH_ISSUERS.replace(']', ',\n]') },
      'AUTH_ISSUERS is not valid JSON at line 2, column 1: a comma before a closing bracket',
    ),
  },
  {
    product: 'people',
    sends: '`audiance` in an entry',
    does: 'Names the path and the member that was meant.',
    ...refused(
      { AUTH_ISSUERS: AUTH_ISSUERS.replace('"name"', '"audiance":"x","name"') },
      'AUTH_ISSUERS [0].audiance: unknown; did you mean audience?',
    ),
  },
  {
    product: 'Keycloak',
    sends: '`"groups": "realm_access.roles"`, as other programs write a nested claim',
    does: 'Refuses the start and says to write `/realm_access/roles`: the claim would never be found.',
    ...refused(
      {
        AUTH_ISSUERS:
          '[{"name":"corp","issuer":"https://login.acme.com","audience":"invites","claims":{"groups":"realm_access.roles"}}]',
      },
      'AUTH_ISSUERS [0].claims.groups: is a nested claim, which is written with slashes: write /realm_access/roles',
    ),
  },
  {
    product: 'Microsoft Entra ID',
    sends: 'the issuer `https://login.microsoftonline.com/organizations/v2.0`',
    does: 'Refuses the start: every token names its own tenant, so the issuer must, too.',
    ...refused(
      {
        AUTH_ISSUERS:
          '[{"name":"corp","issuer":"https://login.microsoftonline.com/organizations/v2.0","audience":"invites"}]',
      },
      'AUTH_ISSUERS corp: issuer names no single tenant, and no token has it; write the id of the tenant in its place',
    ),
  },
];

const LEDGER: readonly Situation[] = [
  {
    product: 'SQLAlchemy, sqlx, Prisma',
    sends: '`sqlite://data/ledger.db`, `sqlite:./ledger.db?mode=rwc`',
    does: 'Refuses what would be another file here than there.',
    async check() {
      await refused(
        { LEDGER_URL: 'sqlite://data/ledger.db' },
        'LEDGER_URL has a host behind sqlite://; write sqlite:/absolute/path or sqlite:./relative/path',
      ).check();
      await refused(
        { LEDGER_URL: 'sqlite:./ledger.db?mode=rwc' },
        'LEDGER_URL has parameters behind its path, which are not read here: remove them',
      ).check();
    },
  },
  {
    product: 'Docker volumes',
    sends: 'a `LEDGER_URL` without a ledger, beside a ledger with records',
    does: 'Starts, and warns in the log (`ledger_starts_empty`) and in doctor.',
    async check() {
      const path = await fileOf('');
      const deps = { clock: createFakeClock(), ids: createFakeIds(), logger: keptLog(), metrics: countedMetrics() };
      const old = await openLedger({ path: `${path}.db`, ...deps });
      await old.admit(admission(testUuid7(1), { plan: 'deny' }));
      await old.close();
      expect(ledgerFinding(await inspectLedger(`${path}-new.db`), 0)).toMatchObject({
        status: 'warning',
        message: 'is not there yet, although another ledger with records is there',
      });
    },
  },
];

/** Files and variables as editors, shells, containers and secret stores write them. */
export const FILES: Chapter = {
  title: 'Files and variables',
  about:
    'Files and variables as editors, shells, containers and secret stores write them. The service, `config check`, ' +
    '`policy check` and doctor read them with the same code. No sentence quotes a secret.',
  situations: [...FILES_ON_WINDOWS, ...VARIABLES, ...SECRETS, ...ISSUERS, ...LEDGER],
};
