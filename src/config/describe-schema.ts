/**
 * Generates docs/config.schema.json from the setting rows: a JSON Schema (2020-12) of the environment, for editors and
 * for checks of values files. It refuses nothing that the service takes. It does not know what joins settings, and what
 * a text must be beyond a word or a number: `config check` does.
 */
import * as z from 'zod';
import { INJECTED_ADDRESS } from './reading/setting-text.ts';
import { SDK_FAMILIES, SDK_SETTINGS } from './reading/unknown-settings.ts';
import type { SettingRow } from './schema.ts';
import { INJECTED, OWN_PREFIXES, SETTING_NAMES, SETTINGS } from './schema.ts';
import { variablesOf } from './setting-row.ts';

type Schema = Readonly<Record<string, unknown>>;

export function describeSettingsSchema(): Schema {
  const rows = Object.entries<SettingRow>(SETTINGS);
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: 'urn:galileo-invite-proxy:environment:1',
    title: 'Galileo invite proxy: environment',
    description:
      'The variables that the service reads. Other programs may have more. `config check` also reads files and judges what this schema cannot.',
    type: 'object',
    properties: Object.fromEntries(
      rows.flatMap(([name, row]) => variablesOf(name, row).map((variable) => [variable, property(name, row)])),
    ),
    propertyNames: {
      description: 'A name with a prefix of this service has to be one of its settings.',
      anyOf: [
        { enum: SETTING_NAMES },
        { not: { pattern: `^(?:${OWN_PREFIXES.join('|')})` } },
        { description: 'Injected by Kubernetes or Docker, and ignored.', pattern: `${INJECTED.source}|_NAME$|_ENV_` },
        { description: 'Of Galileo’s SDK, and ignored.', enum: Object.keys(SDK_SETTINGS).filter(isNoSetting) },
        { pattern: SDK_FAMILIES.source },
      ],
    },
    anyOf: [{ required: ['AUTH_ISSUERS'] }, { required: ['AUTH_ISSUERS_FILE'] }],
  };
}

const isNoSetting = (name: string): boolean => !Object.hasOwn(SETTINGS, name);

function property(name: string, row: SettingRow): Schema {
  const { about, fallback, example, secret, holdsCredentials } = row;
  const isSecret = secret === true;
  return {
    type: 'string',
    description: about,
    ...(fallback === undefined || fallback === '' ? {} : { default: fallback }),
    ...(isSecret || holdsCredentials === true ? { writeOnly: true } : { examples: [example] }),
    ...(isAlwaysRead(row) ? form(name, row) : {}),
  };
}

/** The value of a standard variable is judged only where this service uses it. */
function isAlwaysRead({ sink, needs, yieldsTo }: SettingRow): boolean {
  return sink === undefined && needs === undefined && yieldsTo === undefined;
}

/** What the parser says of its input (setting-row). An address that Kubernetes injects counts as absent. */
function form(name: string, { parse }: SettingRow): Schema {
  const { pattern, anyOf } = z.toJSONSchema(parse, { io: 'input', unrepresentable: 'any' });
  if (pattern === undefined) return anyOf === undefined ? {} : { anyOf };
  return name.endsWith('_PORT') ? { anyOf: [{ pattern }, { pattern: INJECTED_ADDRESS.source }] } : { pattern };
}
