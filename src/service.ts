import { createApp } from './app.ts';
import { issuerProfile } from './auth/issuer-profile.ts';
import { TOKEN_FIELDS } from './auth/token/credentials.ts';
import type { Config } from './config/load.ts';
import type { AppSettings, ConsoleSignIn, Deps } from './deps.ts';
import type { Secrets } from './ports/secrets.ts';
import { reconcile } from './invite/settle/reconcile.ts';
import { createRefusals } from './routes/operations/refusals.ts';
import { sweep } from './invite/settle/sweep.ts';
import { deadlinesOf } from './upstream/deadline.ts';
import { createAskGroups } from './upstream/groups/ask-groups.ts';
import type { GroupDirectory, GroupDirectoryDeps } from './upstream/groups/group-directory.ts';
import { createGroupDirectory } from './upstream/groups/group-directory.ts';
import { chooseCredentials } from './upstream/sign-in/choose-credentials.ts';
import { createAskUsers } from './upstream/users.ts';

/**
 * The service of one deployment, the same on every runtime: a configuration and the ports of a platform go in, the app
 * and its recurring work come out. Starts nothing by itself: a platform's own service.ts opens the ports, serves the
 * app and runs the work.
 */
export interface Service {
  readonly app: ReturnType<typeof createApp>;
  /** Answers a request that the platform must not give to the app. */
  readonly refuseRequest: ReturnType<typeof createRefusals>;
  /** Turns expired intents into unknown outcomes and drops what is past its time. To be run every few seconds. */
  readonly sweep: () => Promise<number>;
  /** Asks Galileo about unknown outcomes. Null unless GALILEO_RECONCILE is on. */
  readonly reconcile: (() => Promise<number>) | null;
  /** The groups of Galileo; `refresh` is to be run every few seconds. Null unless GALILEO_LOOKUPS is on. */
  readonly groups: Pick<GroupDirectory, 'refresh' | 'missing'> | null;
}

export interface ServicePorts extends Omit<Deps, 'settings' | 'credentials' | 'groupNames'> {
  readonly secrets: Secrets;
  /** How look-ups run on this platform; left out where the process itself runs them. */
  readonly lookUps?: Pick<GroupDirectoryDeps, 'runsOnRead' | 'shared' | 'onMissing'> | undefined;
}

const DAY_MS = 86_400_000;
/** For all pages of a look-up together. A stop of the service waits for one that is under way. */
const LONGEST_LOOK_UP_MS = 5_000;

/** Throws when the settings do not allow serving. */
export function createService(config: Config, ports: ServicePorts): Service {
  const { settings } = config;
  const credentials = chooseCredentials({
    ...ports,
    scheme: settings.GALILEO_AUTH,
    baseUrl: settings.GALILEO_API_URL,
    keyHeader: settings.GALILEO_API_KEY_HEADER,
    username: settings.GALILEO_USERNAME,
    timeoutMs: settings.GALILEO_TIMEOUT_MS,
    version: ports.service.version,
  });
  const groups = settings.GALILEO_LOOKUPS
    ? createGroupDirectory({
        ...ports,
        runsOnRead: false,
        ...ports.lookUps,
        askGroups: createAskGroups({
          ...ports,
          credentials,
          baseUrl: settings.GALILEO_API_URL,
          deadlines: deadlinesOf(Math.min(LONGEST_LOOK_UP_MS, settings.GALILEO_TIMEOUT_MS)),
          version: ports.service.version,
        }),
      })
    : null;
  const deps: Deps = { ...ports, credentials, groupNames: groups?.read, settings: appSettingsOf(config) };
  const askUsers = createAskUsers({
    ...deps,
    baseUrl: settings.GALILEO_API_URL,
    deadlines: deadlinesOf(settings.GALILEO_TIMEOUT_MS),
    version: ports.service.version,
  });
  const { AUDIT_RETENTION_DAYS: days, AUDIT_SINKS: sinks } = settings;
  const retention = { sinks, keepRecordsMs: days === null ? null : days * DAY_MS };
  return {
    app: createApp(deps),
    refuseRequest: createRefusals(deps),
    sweep: () => sweep({ ...deps, retention }),
    groups,
    reconcile: settings.GALILEO_RECONCILE ? () => reconcile({ ...deps, askUsers }) : null,
  };
}

/** What the app needs of the configuration. */
export function appSettingsOf({ settings, issuers }: Config): AppSettings {
  return {
    issuers,
    publicUrl: settings.PUBLIC_URL,
    corsOrigins: settings.CORS_ORIGINS,
    idempotency: settings.IDEMPOTENCY,
    galileoApiUrl: settings.GALILEO_API_URL,
    galileoTimeoutMs: settings.GALILEO_TIMEOUT_MS,
    insecureDev: settings.INSECURE_DEV,
    reconciles: settings.GALILEO_RECONCILE,
    tracesUpstream: settings.TRACE_UPSTREAM,
    auditSinks: settings.AUDIT_SINKS,
    pages: settings.PAGES,
    consoleSignIn: consoleSignInOf({ settings, issuers }),
  };
}

function consoleSignInOf({ settings, issuers }: Config): ConsoleSignIn {
  const { CONSOLE_ISSUER: issuer, CONSOLE_CLIENT_ID: clientId } = settings;
  if (issuer !== null && clientId !== null)
    return { kind: 'oidc', issuer, clientId, scope: settings.CONSOLE_SCOPE, audience: settings.CONSOLE_AUDIENCE };
  const isAmbient = issuers.some((entry) => TOKEN_FIELDS[issuerProfile(entry).tokenField].ambient);
  return { kind: isAmbient ? 'access' : 'not_set_up' };
}
