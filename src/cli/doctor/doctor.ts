import type { IssuerConfig } from '../../auth/issuers.ts';
import { SERVICE_NAME, SERVICE_VERSION } from '../../config/service.ts';
import { buildCurrentUserRequest, currentUserUrl } from '../../upstream/request.ts';
import type { Command } from '../command-line/command.ts';
import { JSON_OPTION, printReport } from '../command-line/json-option.ts';
import type { CliDeps } from '../deps.ts';
import { checkGroups, policiesWithGroups } from './checks/check-groups.ts';
import { checkConsole } from './checks/check-console.ts';
import { checkIssuer, issuerProbeRequest } from './checks/check-issuer.ts';
import { clockFinding } from './checks/check-clock.ts';
import { intakeFinding, intakeOf, intakeProbeRequest } from './checks/check-intake.ts';
import { egressFinding } from './checks/check-egress.ts';
import { configurationFinding } from './checks/check-configuration.ts';
import { diskFinding, ledgerFinding } from './checks/check-ledger.ts';
import { policyFinding } from './checks/check-policy.ts';
import { postgresFinding } from './checks/check-postgres.ts';
import { suspectAddress } from './advice/api-address.ts';
import { signInChecks } from './checks/check-sign-in.ts';
import { upstreamFinding } from './checks/check-upstream.ts';
import type { Check } from './check.ts';
import { runChecks, skipped } from './check.ts';
import { UNFIT_UPSTREAM, upstreamAddress } from './upstream-address.ts';
import { probe, PROBE_DEADLINES } from './probe.ts';
import type { Probe } from './probe.ts';
import { overall, renderScreen, toDocument } from './report.ts';
import { readConfiguration } from '../config/read-configuration.ts';
import type { Configuration, PolicySetting } from '../config/read-configuration.ts';
import { consoleRedirect } from '../config/console-redirect.ts';
import { unknownRoutes } from '../config/routes.ts';
import { redact } from '../command-line/redact.ts';

/**
 * `doctor`: checks everything the service depends on, concurrently and read-only. It sends no invitation and changes
 * nothing. A key or password goes only to GALILEO_API_URL, to sign in and to ask for its user and for groups, and only when
 * the configuration accepts that address.
 */
const CHECK_TIMEOUT_MS = 12_000;

export const doctor: Command = {
  name: 'doctor',
  summary: 'Check everything the service depends on, say what is wrong, and how to fix it.',
  about: [
    'Checks the configuration, the routes through HTTPS_PROXY, each issuer (metadata and keys), the sign-in of the console, the policy (its tests, rules that end soon), the ledger ' +
      '(readable, its trail, its tables against the last records, its version, room on its disk), the clock, the way to Galileo, and whether the Galileo key ' +
      'or password works and with what role (GET /v2/current_user), and whether Galileo lists the groups that the policy names (GET /v2/groups). With AUDIT_SINKS=http, whether the intake of the audit trail answers.',
    'It sends no invite, writes nothing and may run beside the service, with the same environment. Nothing it prints is ' +
      'secret. Checks run side by side and end within 12 seconds; one that fails stops no other.',
  ],
  operands: [],
  options: { json: JSON_OPTION },
  exits: {
    ok: 'No check failed; there may be warnings.',
    failed: 'A check failed.',
    refused: 'The configuration or a policy is refused: the service would not start.',
  },
  examples: [
    { line: 'doctor', does: 'one screen' },
    { line: 'doctor --json | jq \'.checks[] | select(.status != "ok")\'', does: 'only what is not well' },
  ],
  async run(call, deps) {
    const configuration = await readConfiguration(deps);
    const ran = await runChecks(checksOf(configuration, deps), { ...deps, timeoutMs: CHECK_TIMEOUT_MS });
    const results = redact(ran, configuration.holdsKey);
    const heading = `${deps.paint('bold', `${SERVICE_NAME} ${SERVICE_VERSION}`)}\n\n`;
    await printReport(call, deps, toDocument(results, SERVICE_VERSION), () => heading + renderScreen(results, deps));
    const refuses = results.some(({ id, status }) => REFUSING.has(id) && status === 'failed');
    if (refuses) return 'refused';
    return overall(results) === 'failed' ? 'failed' : 'ok';
  },
};

const POLICIES = {
  POLICY_FILE: { id: 'policy', title: 'Policy' },
  SHADOW_POLICY_FILE: { id: 'shadow-policy', title: 'Shadow policy' },
} as const satisfies Record<PolicySetting, { readonly id: string; readonly title: string }>;

/** Checks whose failure means that the service would not start. */
const REFUSING: ReadonlySet<string> = new Set([
  'configuration',
  POLICIES.POLICY_FILE.id,
  POLICIES.SHADOW_POLICY_FILE.id,
]);

/** In the order of the report. Requests that several checks share are sent once, when this is called. */
function checksOf(configuration: Configuration, deps: CliDeps): readonly Check[] {
  const { settings, issuers, policies } = configuration;
  const { clock } = deps;
  // A request that takes another way than the service's would find something else.
  const unknown = unknownRoutes(configuration);
  const asking = (run: Check['run']): Check['run'] =>
    unknown === null ? run : async () => skipped(`was not asked: ${unknown} is refused`);
  const none = Promise.resolve(null);
  const probed = (issuers ?? []).map((issuer) => ({
    issuer,
    probe: unknown === null ? probeIssuer(issuer, configuration, deps) : none,
  }));
  const upstream = unknown === null ? probeUpstream(configuration, deps) : none;
  const rules = { insecureDev: settings.INSECURE_DEV === true };
  const { LEDGER_URL: place } = settings;
  const { HTTPS_PROXY: proxy } = settings;
  const signIns = signInChecks(configuration, deps, upstream);
  const withGroups = policiesWithGroups(policies);
  const signIn = consoleRedirect(configuration);
  const check = (id: string, title: string, run: Check['run']): Check => ({ id, title, run });

  return [
    check('configuration', 'Configuration', async () => configurationFinding(configuration)),
    ...(proxy === null ? [] : [check('egress', 'Egress', async () => egressFinding(proxy, configuration))]),
    ...probed.map(({ issuer, probe: seen }) =>
      check(
        `issuer:${issuer.name}`,
        `Issuer ${issuer.name}`,
        asking(() => checkIssuer(issuer, { ...deps, rules, probe: seen })),
      ),
    ),
    ...(signIn === null
      ? []
      : [
          check(
            'console',
            'Console',
            asking(() => checkConsole(signIn, { ...deps, rules, issuers: issuers ?? [] })),
          ),
        ]),
    ...policies.map((read) =>
      check(POLICIES[read.setting].id, POLICIES[read.setting].title, async () => policyFinding(read, clock.now())),
    ),
    check('ledger', 'Ledger', async () =>
      place === undefined
        ? skipped(NO_LEDGER)
        : place.kind === 'sqlite'
          ? ledgerFinding(await deps.inspectLedger(place.path), clock.now())
          : postgresFinding(await deps.inspectPostgres(place, accessOf(settings))),
    ),
    check('disk', 'Disk', async () =>
      place === undefined
        ? skipped(NO_LEDGER)
        : place.kind === 'sqlite'
          ? diskFinding(await deps.freeBytes(place.path))
          : skipped('was not looked at: the ledger is on the disk of its server'),
    ),
    check('clock', 'Clock', async () => {
      const asked = probed.map((one) => ({ name: `issuer ${one.issuer.name}`, probe: one.probe }));
      const all = [...asked, { name: 'Galileo', probe: upstream }];
      return clockFinding(
        await Promise.all(all.map(async (one) => ({ name: one.name, aheadMs: (await one.probe)?.aheadMs ?? null }))),
      );
    }),
    check(
      'upstream',
      'Galileo',
      asking(async () => {
        const seen = await upstream;
        if (seen === null) return skipped(UNFIT_UPSTREAM);
        const url = settings.GALILEO_API_URL ?? '';
        return upstreamFinding(seen, { isTls: url.startsWith('https:'), suspect: suspectAddress(url) });
      }),
    ),
    ...signIns.checks.map((one) => ({ ...one, run: asking(one.run) })),
    ...(withGroups.length === 0
      ? []
      : [
          check(
            'galileo-groups',
            'Galileo groups',
            asking(() => checkGroups(withGroups, signIns.accepted, deps)),
          ),
        ]),
    ...intakeChecks(configuration, deps).map((one) => ({ ...one, run: asking(one.run) })),
  ];
}

function accessOf({ LEDGER_CA_FILE: caFile, LEDGER_PASSWORD_FILE: passwordFile }: Configuration['settings']) {
  return { caFile: caFile ?? null, passwordFile: passwordFile ?? null };
}

const NO_LEDGER = 'was not looked at: LEDGER_URL is refused';

function intakeChecks({ settings }: Configuration, deps: CliDeps): readonly Check[] {
  const intake = intakeOf(settings);
  if (intake === null) return [];
  const run = async () => intakeFinding(await probe(intakeProbeRequest(intake, SERVICE_VERSION), deps), intake);
  return [{ id: 'audit-http', title: 'Audit intake', run }];
}

function probeIssuer(issuer: IssuerConfig, { settings }: Configuration, deps: CliDeps): Promise<Probe | null> {
  const request = issuerProbeRequest(issuer, { insecureDev: settings.INSECURE_DEV === true }, SERVICE_VERSION);
  return request === null ? Promise.resolve(null) : quietly(probe(request, deps));
}

function probeUpstream(configuration: Configuration, deps: CliDeps): Promise<Probe | null> {
  const baseUrl = upstreamAddress(configuration);
  if (baseUrl === null) return Promise.resolve(null);
  const request = buildCurrentUserRequest({
    url: currentUserUrl(baseUrl),
    credential: null,
    deadlines: PROBE_DEADLINES,
    version: SERVICE_VERSION,
  });
  return quietly(probe(request, deps));
}

/** Prevents an unhandled rejection before a check awaits the promise. The check still receives the rejection. */
function quietly<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}
