import type { IssuerConfig } from '../../auth/issuers.ts';
import { keyCandidates } from '../../config/key-candidates.ts';
import { loadConfig } from '../../config/load.ts';
import type { Settings } from '../../config/schema.ts';
import type { GalileoKeys } from '../../ports/secrets.ts';
import type { OpenPolicyFileResult } from '../../platform/node/policy/source.ts';
import { secretSource } from '../../platform/node/secrets/secret-source.ts';
import { createKeySearch } from '../../upstream/api-keys.ts';
import type { CliDeps } from '../deps.ts';

/**
 * The configuration, read as the service reads it before it starts. Unlike the service, this reader continues after a
 * problem, so that one problem does not hide another. It judges nothing itself: each problem has the words of the code
 * that found it.
 */
export interface Configuration {
  /** The settings that could be read. Of a refused configuration, those that no problem names. */
  readonly settings: Partial<Settings>;
  readonly issuers: readonly IssuerConfig[] | null;
  /** Null when they could not be opened; `problems` then says why. */
  readonly keys: GalileoKeys | null;
  /** The active policy, then the shadow policy if there is one. */
  readonly policies: readonly PolicySettingRead[];
  /** Settings without effect that do not stop the service. */
  readonly ignored: readonly Problem[];
  /** Problems with settings and keys, not with policies. */
  readonly problems: readonly Problem[];
  /** Whether a text holds a key in some encoding: a key that was opened, or one that the configuration holds. */
  readonly holdsKey: (text: string) => boolean;
}

export interface PolicySettingRead {
  readonly setting: PolicySetting;
  readonly file: string | null;
  /** Null when it was not read, because its file or the issuers it may name are not known. */
  readonly opened: OpenPolicyFileResult | null;
}

export type PolicySetting = 'POLICY_FILE' | 'SHADOW_POLICY_FILE';

export interface Problem {
  readonly setting: string;
  readonly message: string;
  /** The place in the file that the setting names. Counted from 1, as in editors. */
  readonly place?: { readonly file: string; readonly line: number; readonly column: number };
}

/** What could be read of the settings and the issuers. Problems are ignored: a command that needs one setting runs anyway. */
export async function readableConfig({
  env,
  readText,
}: Pick<CliDeps, 'env' | 'readText'>): Promise<Pick<Configuration, 'settings' | 'issuers'>> {
  const loaded = await loadConfig({ env, readText });
  return loaded.kind === 'loaded' ? loaded.config : loaded.readable;
}

type Sources = Pick<CliDeps, 'env' | 'readText' | 'openKeys' | 'auditSecretProblems' | 'openPolicy'>;

export async function readConfiguration(deps: Sources): Promise<Configuration> {
  const { env, readText, openKeys, auditSecretProblems, openPolicy } = deps;
  const loaded = await loadConfig({ env, readText });
  const { settings, issuers } = loaded.kind === 'loaded' ? loaded.config : loaded.readable;
  const problems: Problem[] = loaded.kind === 'loaded' ? [] : [...loaded.problems];
  const sources = await openKeys(settings);
  // A setting that already has a problem is not reported twice.
  const named = new Set(problems.map(({ setting }) => setting));
  // Which secret must be set is not known while GALILEO_AUTH is refused. A key that is set is judged all the same.
  const isSecretKnown = !named.has('GALILEO_AUTH') || secretSource('GALILEO_API_KEY', settings) !== null;
  const ofKeys = sources.kind === 'refused' && isSecretKnown ? sources.problems : [];
  const ofSecrets = [...ofKeys, ...(await auditSecretProblems(settings))];
  problems.push(...ofSecrets.map(splitProblem).filter(({ setting }) => !named.has(setting)));
  const keys = sources.kind === 'opened' ? await sources.secrets.galileoKeys() : null;
  const readPolicy = async (setting: PolicySetting): Promise<PolicySettingRead> => {
    const file = settings[setting] ?? null;
    const opened = file === null || issuers === null ? null : await openPolicy(file, issuers.map(nameOf));
    return { setting, file, opened };
  };
  const shadow: readonly PolicySetting[] = settings.SHADOW_POLICY_FILE === null ? [] : ['SHADOW_POLICY_FILE'];
  const policies = await Promise.all((['POLICY_FILE', ...shadow] as const).map(readPolicy));
  const opened = keys === null ? [] : [keys.current, ...(keys.next === null ? [] : [keys.next])];
  const holdsKey = createKeySearch([...opened, ...(await keyCandidates({ env, readText }))]);
  return { settings, issuers, keys, policies, ignored: loaded.ignored, problems, holdsKey };
}

/** All problems, including those of the policies, which have a place in the file. */
export function everyProblem({ problems, policies }: Configuration): readonly Problem[] {
  const ofPolicies = policies.flatMap(({ setting, file, opened }) =>
    opened === null || opened.kind === 'opened'
      ? []
      : opened.problems.map(({ line, column, message }): Problem => ({
          setting,
          message,
          place: { file: file ?? '', line, column },
        })),
  );
  return [...problems, ...ofPolicies];
}

/** As the service prints it when it refuses to start. */
export function problemLine({ setting, message, place }: Problem): string {
  return place === undefined ? `${setting} ${message}` : `${place.file}:${place.line}:${place.column} ${message}`;
}

function splitProblem(sentence: string): Problem {
  const space = sentence.indexOf(' ');
  return { setting: sentence.slice(0, space), message: sentence.slice(space + 1) };
}

function nameOf({ name }: IssuerConfig): string {
  return name;
}
