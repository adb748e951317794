/**
 * Every setting: one row per key. The rows parse, document (docs/config.md) and redact themselves; no other code in the
 * service reads its environment. Rules that join settings are in contradictions.ts.
 */
import * as z from 'zod';
import { corsOrigins } from './settings/cors-origins.ts';
import type { SettingRow } from './setting-row.ts';
import { host, port } from './reading/listen-address.ts';
import { urlFault } from './reading/url-fault.ts';
import { checkedText, onOrOff, path, variablesOf, wholeNumber, word, yesAndNo } from './setting-row.ts';
import { AUDIT_SETTINGS } from './settings/settings-audit.ts';
import { CONSOLE_SETTINGS } from './settings/settings-console.ts';
import { EGRESS_SETTINGS, OTHER_PROXY_VARIABLES } from './settings/settings-egress.ts';
import { GALILEO_SETTINGS } from './settings/settings-galileo.ts';
import { LEDGER_SETTINGS } from './settings/settings-ledger.ts';
import { OTLP_SETTINGS } from './settings/settings-otlp.ts';

export type { SettingRow } from './setting-row.ts';
export { KEY_HEADERS } from './settings/settings-galileo.ts';

/** The levels of other programs. */
const OTHER_LEVELS = {
  trace: 'debug',
  verbose: 'debug',
  all: 'debug',
  notice: 'info',
  information: 'info',
  warning: 'warn',
  fatal: 'error',
  critical: 'error',
  none: 'silent',
  off: 'silent',
} as const;

/** The metadata document has a fixed path on the origin (RFC 9728 §3.1), so this URL must not have a path. */
const publicUrl = checkedText((value) => {
  const url = URL.parse(value);
  const form = 'must be an origin like https://invites.acme.com';
  const fault = urlFault(value);
  if (fault !== null || url === null || !/^https?:$/.test(url.protocol)) return fault ?? form;
  if (url.origin === value.replace(/\/$/, '')) return null;
  return url.href === `${url.origin}/` && !/[?#@\s]/.test(value) ? `must be written as ${url.origin}` : form;
}).transform((value) => value.replace(/\/$/, ''));

export const SETTINGS = {
  PORT: { parse: port, fallback: '8080', about: 'Port of the public listener.', example: '8080' },
  HOST: {
    parse: host,
    fallback: '127.0.0.1',
    about: 'Address the listeners bind to. The container image sets 0.0.0.0.',
    example: '0.0.0.0',
  },
  OPS_PORT: {
    parse: port,
    fallback: '9091',
    about: 'Port of `/metrics` and of the reasons behind `/readyz`; keep it inside. 0 turns it off.',
    example: '9091',
  },
  PUBLIC_URL: {
    parse: publicUrl,
    holds: 'url',
    about:
      'Where callers reach the service. Feeds `/.well-known/oauth-protected-resource` and the challenges; without it that document is a 404.',
    example: 'https://invites.acme.com',
  },
  LOG_LEVEL: {
    parse: word(['debug', 'info', 'warn', 'error', 'silent'], OTHER_LEVELS),
    fallback: 'info',
    about: 'Least level of operational log lines. Audit records are not log lines and are always written.',
    example: 'info',
  },
  ...GALILEO_SETTINGS,
  TRACE_UPSTREAM: {
    parse: onOrOff,
    fallback: 'off',
    about:
      'Whether Galileo gets the trace context of a request (`traceparent`, `tracestate`), as the caller sent it. See [what it tells Galileo](audit.md#trace-ids).',
    example: 'on',
  },
  ...EGRESS_SETTINGS,
  AUTH_ISSUERS: {
    parse: z.string().min(1, 'must be a JSON array'),
    holds: 'lines',
    about:
      'JSON array of identity providers: `{name, issuer, audience, jwks_uri?, preset?, algorithms?, token_types?, max_token_bytes?, max_lifetime_s?, claims?, scope_map?, grant_scopes?}`.',
    example: '[{"name":"corp","issuer":"https://login.acme.com","audience":"https://invites.acme.com"}]',
  },
  AUTH_ISSUERS_FILE: {
    parse: path,
    holds: 'path',
    about: 'File that holds the same array.',
    example: '/etc/galileo-invite-proxy/issuers.json',
  },
  POLICY_FILE: {
    parse: path,
    holds: 'path',
    fallback: 'policy.yaml',
    about: 'The org policy (docs/policy.md); taken up when it changes, without a restart.',
    example: '/etc/galileo-invite-proxy/policy.yaml',
  },
  SHADOW_POLICY_FILE: {
    parse: path,
    holds: 'path',
    about: 'A policy on trial: decides nothing, and reports where it would decide otherwise than `POLICY_FILE`.',
    example: '/etc/galileo-invite-proxy/policy-next.yaml',
  },
  ...LEDGER_SETTINGS,
  IDEMPOTENCY: {
    parse: word(['optional', 'required'], yesAndNo('required', 'optional')),
    fallback: 'optional',
    about: 'Whether callers must send an Idempotency-Key.',
    example: 'required',
  },
  ...AUDIT_SETTINGS,
  ...OTLP_SETTINGS,
  CORS_ORIGINS: {
    parse: corsOrigins,
    fallback: '',
    about:
      'Origins whose pages may call the service, each exactly as browsers send it, separated by commas. App shells and browser extensions too: `capacitor://localhost`, `chrome-extension://<id>`.',
    example: 'https://hr.acme.com,https://it.acme.com',
  },
  PAGES: {
    parse: onOrOff,
    fallback: 'on',
    about:
      'Whether the pages for people are served: `/docs`, the reference of the interface, and `/console`, where people invite. They are static, hold nothing of a caller or of the policy, and ask for no token. Off: a 404.',
    example: 'off',
  },
  ...CONSOLE_SETTINGS,
  TRUSTED_PROXY_HOPS: {
    parse: wholeNumber(0, 10),
    fallback: '0',
    about: "Proxies of yours in front, each adding to X-Forwarded-For. 0: the socket's address is the caller's.",
    example: '1',
  },
  KEEP_ALIVE_S: {
    parse: wholeNumber(1, 7_200),
    about:
      'How long an idle connection is kept, in seconds; 1 to 7200. Longer than the load balancer keeps it. Unset: 6, with `TRUSTED_PROXY_HOPS` 620.',
    example: '3610',
  },
  INSECURE_DEV: {
    parse: word(['0', '1'], yesAndNo('1', '0')).transform((value) => value === '1'),
    fallback: '0',
    about:
      '1 allows plain http to issuers and upstream, on loopback only, and calls from pages whose origin is loopback (`http://localhost:5173`), whatever the port. For local work, never beside a real key.',
    example: '0',
  },
} as const satisfies Record<string, SettingRow>;

export type SettingName = keyof typeof SETTINGS;
/** What each row parses to. */
type SettingValues = { readonly [K in SettingName]: z.output<(typeof SETTINGS)[K]['parse']> };
/** The settings that may stay unset: those without a fallback. */
type OptionalName = {
  [K in SettingName]: (typeof SETTINGS)[K] extends { readonly fallback: string } ? never : K;
}[SettingName];
/** Null: unset. */
export type Settings = {
  readonly [K in SettingName]: SettingValues[K] | (K extends OptionalName ? null : never);
};
/** The settings while they are read: a name is absent until its value is known, and stays absent when it is refused. */
export type SettingDraft = { -readonly [K in SettingName]?: Settings[K] };

/** The same rows, each with the type of its own value. */
export const SETTING_ROWS: { readonly [K in SettingName]: SettingRow<SettingValues[K]> } = SETTINGS;
export const SETTING_NAMES: readonly SettingName[] = Object.keys(SETTINGS).filter(isSettingName);

export function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(SETTINGS, name);
}

export function isOptional(name: SettingName): name is OptionalName {
  return SETTING_ROWS[name].fallback === undefined;
}

/** Whether every setting has been read. */
export function isComplete(draft: SettingDraft): draft is Settings {
  return SETTING_NAMES.every((name) => name in draft);
}

/** A variable with one of these prefixes is meant for this service, so an unknown one is a mistake. */
export const OWN_PREFIXES = [
  'GALILEO_',
  'AUTH_',
  'POLICY_',
  'SHADOW_',
  'LEDGER_',
  'IDEMPOTENCY',
  'AUDIT_',
  'CORS_',
  'TRUSTED_',
  'KEEP_ALIVE_',
  'OPS_',
  'PUBLIC_',
  'PAGES',
  'CONSOLE_',
  'INSECURE_',
] as const;

/** The variables that Kubernetes injects for every Service; never a setting of this service. */
export const INJECTED = /(?:_SERVICE_HOST|_SERVICE_PORT(?:_.*)?|_PORT(?:_.*)?)$/;

/** The variable that a setting is read from: the first of its spellings that is not empty. */
export function variableOf(name: string, env: Readonly<Record<string, string | undefined>>): string {
  const names = isSettingName(name) ? variablesOf(name, SETTING_ROWS[name]) : [name];
  return names.find((variable) => env[variable] !== undefined && env[variable] !== '') ?? name;
}

/** The variables that an entry removes from the process's environment after reading them. */
export const SECRET_SETTINGS: readonly string[] = [
  ...Object.entries<SettingRow>(SETTINGS).flatMap(([name, row]) =>
    row.secret === true || row.holdsCredentials === true ? variablesOf(name, row) : [],
  ),
  ...OTHER_PROXY_VARIABLES,
];
