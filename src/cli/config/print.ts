import type { IssuerConfig } from '../../auth/issuers.ts';
import { effectiveSettings } from '../../config/effective-settings.ts';
import type { EffectiveSetting } from '../../config/effective-settings.ts';
import type { SettingRow } from '../../config/schema.ts';
import { settingText } from '../../config/reading/setting-text.ts';
import { SETTINGS } from '../../config/schema.ts';
import { fingerprint } from '../../upstream/api-keys.ts';
import type { Command } from '../command-line/command.ts';
import { JSON_OPTION, printReport } from '../command-line/json-option.ts';
import type { CliDeps } from '../deps.ts';
import { renderIgnored } from './check.ts';
import { problemLine, readConfiguration } from './read-configuration.ts';
import type { Configuration } from './read-configuration.ts';
import { routesOf, unknownRoutes } from './routes.ts';
import type { TargetRoute } from './routes.ts';
import { redact } from '../command-line/redact.ts';

/** `config print`: prints each effective setting and its source. Of a key, only the fingerprint in audit records. */
export const configPrint: Command = {
  name: 'config print',
  summary: 'Print every setting in force and where it came from, without secrets.',
  about: [
    'Each line is a setting, its value and its source: default, environment, or a file that another setting names. A ' +
      'secret is never printed, not even in part; of the Galileo key you see the fingerprint that audit records carry, ' +
      'so that you can tell which key is in use. A value that is refused is not repeated. With HTTPS_PROXY, the route of ' +
      'each target follows: through the proxy, or directly and why.',
  ],
  operands: [],
  options: { json: JSON_OPTION },
  exits: { ok: 'Printed.', refused: 'Printed, but some of it is refused; the problems follow.' },
  examples: [
    { line: 'config print', does: 'what this shell would run the service with' },
    {
      line: 'config print --json',
      does: 'the same as `{"settings":[…],"issuers":[…],"routes":[…],"ignored":[…],"problems":[…]}`',
    },
  ],
  async run(call, deps) {
    const configuration = await readConfiguration(deps);
    const { ignored, problems, holdsKey } = configuration;
    const shown = redact({ ...(await describe(configuration, deps)), ignored, problems }, holdsKey);
    await printReport(call, deps, shown, () => render(shown, deps));
    return problems.length === 0 ? 'ok' : 'refused';
  },
};

interface ShownSetting extends EffectiveSetting {
  /** Only for a key: 12 hex digits. */
  readonly fingerprint?: string;
}

interface Shown {
  readonly settings: readonly ShownSetting[];
  readonly issuers: readonly IssuerConfig[] | null;
  /** Null when HTTPS_PROXY or NO_PROXY is refused. */
  readonly routes: readonly TargetRoute[] | null;
  readonly ignored: Configuration['ignored'];
  readonly problems: Configuration['problems'];
}

async function describe(
  configuration: Configuration,
  { env, isFile }: CliDeps,
): Promise<Omit<Shown, 'ignored' | 'problems'>> {
  const { settings, issuers, keys } = configuration;
  const paths = Object.entries<SettingRow>(SETTINGS).filter(([, row]) => row.secretFile === true);
  const found = await Promise.all(
    paths.map(async ([name]) => ({ name, isFile: await isFile(settingText(name, env) ?? '').catch(() => false) })),
  );
  const files = new Set(found.filter((one) => one.isFile).map(({ name }) => name));
  const prints = new Map<string, string>();
  // That of a password needs the ledger: it is in the records.
  const isKey = settings.GALILEO_AUTH === 'api_key';
  if (keys !== null && isKey) prints.set('GALILEO_API_KEY', fingerprint(keys.current));
  if (keys !== null && isKey && keys.next !== null) prints.set('GALILEO_API_KEY_NEXT', fingerprint(keys.next));
  const shown = effectiveSettings({ env, settings, files }).map((one): ShownSetting => {
    const print = prints.get(one.name);
    // The issuers are printed separately. The query of an address in the raw value may hold a credential.
    if (one.name === 'AUTH_ISSUERS') return { ...one, value: issuers?.map(({ name }) => name).join(', ') ?? null };
    return print === undefined || one.source === 'unset' ? one : { ...one, fingerprint: print };
  });
  const routes = unknownRoutes(configuration) === null ? routesOf(configuration) : null;
  return { settings: shown, issuers: issuers?.map(withoutQuery) ?? null, routes };
}

function withoutQuery(issuer: IssuerConfig): IssuerConfig {
  const { jwks_uri: uri } = issuer;
  return uri?.includes('?') === true
    ? { ...issuer, jwks_uri: `${uri.slice(0, uri.indexOf('?'))}?[not shown]` }
    : issuer;
}

const HIDDEN = {
  secret: '[secret]',
  refused: '[refused]',
  not_a_file: '[not shown: it names no file]',
} as const satisfies Record<NonNullable<EffectiveSetting['hidden']>, string>;

function render({ settings, issuers, routes, ignored, problems }: Shown, { paint }: Pick<CliDeps, 'paint'>): string {
  const width = Math.max(...settings.map(({ name }) => name.length));
  const lines = settings.map((one) => {
    const print = one.fingerprint === undefined ? '' : ` fingerprint ${one.fingerprint}`;
    const value = (one.hidden === null ? (one.value ?? '') : HIDDEN[one.hidden]) + print;
    const source = one.source === 'unset' ? paint('dim', 'unset') : paint('dim', `(${one.source})`);
    return `${one.name.padEnd(width)}  ${value === '' ? '' : `${value} `}${source}\n`;
  });
  const ofIssuers = (issuers ?? []).map((issuer) => `  ${JSON.stringify(issuer)}\n`);
  // Without a proxy, all of them are direct.
  const isProxied = settings.some(({ name, source }) => name === 'HTTPS_PROXY' && source !== 'unset');
  const ofRoutes = (isProxied ? (routes ?? []) : []).map(({ target, sentence }) => `  ${target}: ${sentence}\n`);
  const ofProblems = problems.map((problem) => `  - ${problemLine(problem)}\n`);
  return [
    ...lines,
    ...(ofIssuers.length === 0 ? [] : ['\nIssuers:\n', ...ofIssuers]),
    ...(ofRoutes.length === 0 ? [] : ['\nRoutes:\n', ...ofRoutes]),
    ...(ignored.length === 0 ? [] : ['\nIgnored:\n', renderIgnored(ignored)]),
    ...(ofProblems.length === 0 ? [] : [`\n${paint('red', 'refused')}:\n`, ...ofProblems]),
  ].join('');
}
