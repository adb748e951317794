import { importSigningKey } from '../../audit/checkpoint/signing-key.ts';
import { withoutKeys } from '../../config/key-candidates.ts';
import type { Config, ConfigProblem } from '../../config/load.ts';
import { loadConfig } from '../../config/load.ts';
import type { SettingRow } from '../../config/schema.ts';
import { SETTING_NAMES, SETTING_ROWS, SETTINGS } from '../../config/schema.ts';
import { variablesOf } from '../../config/setting-row.ts';

/**
 * The configuration on Workers: text bindings, read by the same rows and rules as the environment on Node. A setting
 * that has no meaning on Workers is refused and not ignored, because the operator who sets it expects an effect. All
 * problems are reported at once, and none holds a secret.
 */
export type WorkersConfig =
  | { readonly kind: 'loaded'; readonly config: Config; readonly ignored: readonly ConfigProblem[] }
  /** Sentences that begin with the setting's name. */
  | { readonly kind: 'refused'; readonly problems: readonly string[] };

const LEDGER_IS_BOUND = 'the ledger is the Durable Object bound as LEDGER';
const NO_WAY_OUT = 'Workers have no way out through a proxy; remove it';

/** Settings of the Node service that have no effect on a Worker, each with what replaces it. */
export const NOT_ON_WORKERS: Readonly<Record<string, string>> = {
  PORT: 'Cloudflare listens',
  HOST: 'Cloudflare listens',
  OPS_PORT: 'bind METRICS to an Analytics Engine dataset',
  TRUSTED_PROXY_HOPS: 'the address comes from CF-Connecting-IP',
  KEEP_ALIVE_S: 'Cloudflare keeps the connections',
  LEDGER_URL: LEDGER_IS_BOUND,
  LEDGER_MIN_FREE_MB: 'the ledger is no file',
  LEDGER_CA_FILE: LEDGER_IS_BOUND,
  LEDGER_PASSWORD_FILE: LEDGER_IS_BOUND,
  POLICY_FILE: 'the policy is built in, and may come from the KV namespace bound as POLICY',
  SHADOW_POLICY_FILE: 'there is no policy on trial here; try it with policy diff',
  HTTPS_PROXY: NO_WAY_OUT,
  NO_PROXY: NO_WAY_OUT,
};

const NO_FILES = 'there are no files here; bind the value itself, without _FILE';

export async function readConfig(env: Readonly<Record<string, unknown>>): Promise<WorkersConfig> {
  const texts: Record<string, string> = {};
  const bound = new Set<string>();
  const problems: ConfigProblem[] = [];
  for (const [name, value] of Object.entries(env)) {
    const reason = reasonAgainst(name);
    if (typeof value === 'string' && value !== '' && reason !== null) {
      problems.push({ setting: name, message: `has no meaning on Workers: ${reason}` });
    } else if (typeof value === 'string') texts[name] = value;
    else if (isSecretBinding(name, value)) bound.add(name);
    else if (name in SETTINGS && value !== undefined)
      problems.push({ setting: name, message: 'must be text: write it in quotes' });
  }
  if (typeof env['LEDGER'] !== 'object' || env['LEDGER'] === null) {
    problems.push({ setting: 'LEDGER', message: 'must be bound to the Durable Object class LedgerObject' });
  }
  if (env['AUDIT_QUEUE'] === undefined && namesMoreThanStdout(texts['AUDIT_SINKS'])) {
    problems.push({ setting: 'AUDIT_QUEUE', message: 'must be bound to a Queue: AUDIT_SINKS names more than stdout' });
  }
  const sources = { env: texts, bound, readText: () => Promise.reject(new Error('there are no files here')) };
  const loaded = await loadConfig(sources);
  if (loaded.kind === 'refused') problems.push(...loaded.problems);
  else problems.push(...(await signingKeyProblems(loaded.config.settings.AUDIT_SIGNING_KEY)));
  if (loaded.kind === 'loaded' && problems.length === 0) return loaded;
  const redact = await withoutKeys(sources);
  return { kind: 'refused', problems: problems.map(({ setting, message }) => redact(`${setting} ${message}`)) };
}

/** Checks a text binding only. An entry of the Secrets Store is read by the ledger object alone, when it signs. */
async function signingKeyProblems(pem: string | null): Promise<ConfigProblem[]> {
  if (pem === null) return [];
  return await importSigningKey(pem).then(
    () => [],
    (error: unknown) => [
      { setting: 'AUDIT_SIGNING_KEY', message: error instanceof Error ? error.message : 'is no key' },
    ],
  );
}

function namesMoreThanStdout(sinks = ''): boolean {
  return sinks.split(',').some((name) => !['', 'stdout'].includes(name.trim().toLowerCase()));
}

function reasonAgainst(name: string): string | null {
  const setting = SETTING_NAMES.find((one) => variablesOf(one, SETTING_ROWS[one]).includes(name));
  if (setting === undefined) return null;
  return NOT_ON_WORKERS[setting] ?? (name.endsWith('_FILE') ? NO_FILES : null);
}

/** Whether this is an entry of the Secrets Store under the name of a secret setting. */
function isSecretBinding(name: string, value: unknown): boolean {
  const row: SettingRow | undefined = name in SETTINGS ? SETTINGS[name as keyof typeof SETTINGS] : undefined;
  return row?.secret === true && typeof value === 'object' && value !== null && 'get' in value;
}
