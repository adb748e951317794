import type { IssuerConfig } from '../../auth/issuers.ts';
import { keyCandidates } from '../../config/key-candidates.ts';
import { loadConfig } from '../../config/load.ts';
import type { Settings } from '../../config/schema.ts';
import type { GalileoKeys } from '../../ports/secrets.ts';
import type { OpenPolicyFileResult } from '../../platform/node/policy/source.ts';
import { createKeySearch } from '../../upstream/api-keys.ts';
import type { CliDeps } from '../deps.ts';

/**
 * Everything the service reads before it starts, read in the same way, but to the end: what is wrong in one place does
 * not hide what is wrong in another. Judges nothing itself; every problem is in the words of whoever found it.
 */
export interface Configuration {
  /** What could be read; of a refused configuration, only what no problem names. */
  readonly settings: Partial<Settings>;
  readonly issuers: readonly IssuerConfig[] | null;
  /** Null when they could not be opened, which is then among the problems. */
  readonly keys: GalileoKeys | null;
  /** The policy in force, then the one on trial if there is one. */
  readonly policies: readonly PolicySettingRead[];
  /** Of settings and keys, not of policies. */
  readonly problems: readonly Problem[];
  /** Whether a text holds a key, in some disguise: one that was opened, or one that the configuration was given. */
  readonly holdsKey: (text: string) => boolean;
}

export interface PolicySettingRead {
  readonly setting: PolicySetting;
  readonly file: string | null;
  /** Null when it was not looked at: its file or the issuers it may name are not known. */
  readonly opened: OpenPolicyFileResult | null;
}

export type PolicySetting = 'POLICY_FILE' | 'SHADOW_POLICY_FILE';

export interface Problem {
  readonly setting: string;
  readonly message: string;
  /** Where in the file that the setting names. From 1, as editors count. */
  readonly place?: { readonly file: string; readonly line: number; readonly column: number };
}

type Sources = Pick<CliDeps, 'env' | 'readText' | 'openKeys' | 'auditSecretProblems' | 'openPolicy'>;

export async function readConfiguration(deps: Sources): Promise<Configuration> {
  const { env, readText, openKeys, auditSecretProblems, openPolicy } = deps;
  const loaded = await loadConfig({ env, readText });
  const { settings, issuers } = loaded.kind === 'loaded' ? loaded.config : loaded.readable;
  const problems: Problem[] = loaded.kind === 'loaded' ? [] : [...loaded.problems];
  const sources = await openKeys(settings);
  // What the settings have been blamed for already is not told twice.
  const named = new Set(problems.map(({ setting }) => setting));
  const ofKeys = sources.kind === 'refused' ? sources.problems : [];
  const ofSecrets = [...ofKeys, ...(await auditSecretProblems(settings))];
  problems.push(...ofSecrets.map(splitProblem).filter(({ setting }) => !named.has(setting)));
  const keys = sources.kind === 'opened' ? await sources.secrets.galileoKeys() : null;
  const readPolicy = async (setting: PolicySetting): Promise<PolicySettingRead> => {
    const file = settings[setting] ?? null;
    const opened = file === null || issuers === null ? null : await openPolicy(file, issuers.map(nameOf));
    return { setting, file, opened };
  };
  const onTrial: readonly PolicySetting[] = settings.SHADOW_POLICY_FILE === null ? [] : ['SHADOW_POLICY_FILE'];
  const policies = await Promise.all((['POLICY_FILE', ...onTrial] as const).map(readPolicy));
  const opened = keys === null ? [] : [keys.current, ...(keys.next === null ? [] : [keys.next])];
  const holdsKey = createKeySearch([...opened, ...(await keyCandidates({ env, readText }))]);
  return { settings, issuers, keys, policies, problems, holdsKey };
}

/** Those of the policies beside the others, each at its place in the file. */
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
