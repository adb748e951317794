import { issuerProfile } from '../../../auth/issuer-profile.ts';
import type { IssuerConfig, UrlRules } from '../../../auth/issuers.ts';
import { issuerProblem, issuerUrlProblem } from '../../../auth/issuers.ts';
import type { IssuerMetadata, KeySourceFailed } from '../../../auth/keys/key-source.ts';
import { fetchKeySet, fetchMetadata, MAX_DOCUMENT_BYTES } from '../../../auth/keys/key-source.ts';
import { selectUsableKeys } from '../../../auth/keys/verification-key.ts';
import type { KeyFault, UsableKeys } from '../../../auth/keys/verification-key.ts';
import { printableName } from '../../../auth/nearest-issuer.ts';
import type { FetchDocument } from '../../../ports/fetch-document.ts';
import { DOCUMENT_ACCEPT } from '../../../ports/fetch-document.ts';
import type { HttpExchange } from '../../../ports/http.ts';
import type { Diagnosis } from '../check.ts';
import { failed, ok, skipped, warning } from '../check.ts';
import { documentAdvice, KEY_ADVICE } from '../advice/issuer-advice.ts';
import { PROBE_DEADLINES, UNANSWERED } from '../probe.ts';
import type { Probe } from '../probe.ts';

/**
 * Doctor's check that tokens of one issuer could be verified now. The service's own code fetches the metadata and the
 * key set and selects the usable keys. No request goes to an address that the configuration refuses. Where the metadata
 * gives tokens another `iss` than AUTH_ISSUERS does, it prints both, and what to paste.
 */
export interface IssuerCheckDeps {
  readonly rules: UrlRules;
  readonly fetchDocument: FetchDocument;
  /**
   * The result of a plain request to the same address. It has a more precise reason than the fetch for a missing
   * answer.
   */
  readonly probe: Promise<Probe | null>;
}

/** Null when no request may go to the issuer's address. */
export function issuerProbeRequest(issuer: IssuerConfig, rules: UrlRules, version: string): HttpExchange | null {
  if (issuerProblem(issuer, rules) !== null) return null;
  const { jwksUri } = issuerProfile(issuer);
  return {
    method: 'GET',
    url: jwksUri ?? `${issuer.issuer.replace(/\/$/, '')}/.well-known/openid-configuration`,
    headers: {
      accept: DOCUMENT_ACCEPT,
      'accept-encoding': 'identity',
      'user-agent': `galileo-invite-proxy/${version}`,
    },
    body: null,
    deadlines: PROBE_DEADLINES,
    maxResponseBytes: MAX_DOCUMENT_BYTES,
  };
}

export async function checkIssuer(issuer: IssuerConfig, deps: IssuerCheckDeps): Promise<Diagnosis> {
  const { rules, fetchDocument } = deps;
  const refused = issuerProblem(issuer, rules);
  if (refused !== null) return skipped(`was not asked: its ${refused}`, 'Fix AUTH_ISSUERS.');
  const profile = issuerProfile(issuer);
  const address = profile.jwksUri === null ? 'issuer' : 'jwks_uri';
  const fetched = await fetchKeySet({ profile, fetchDocument, rules });
  if (fetched.kind === 'failed') return unfetched(fetched, issuer, deps, address);
  const selected = await selectUsableKeys(fetched.document, profile.algorithms);
  if (selected === null) {
    const { message, remedy } = documentAdvice('not_a_key_set', address);
    return failed(message, remedy);
  }
  const finding = keysFinding(selected);
  if (finding.status === 'failed') return finding;
  const metadata = fetched.metadata ?? (await metadataBeside(issuer, deps));
  const renamed = metadata === null ? null : nameFinding(metadata, issuer, rules);
  return renamed === null ? finding : both(finding, renamed);
}

/** One diagnosis of two, of which the second is a warning. */
function both(first: Diagnosis, second: Diagnosis): Diagnosis {
  const remedies = [first.remedy, second.remedy].filter((remedy) => remedy !== null);
  return warning(`${first.message}; it ${second.message}`, remedies.join(' '), {
    details: { ...first.details, ...second.details },
  });
}

function keysFinding({ usable, dropped }: UsableKeys): Diagnosis {
  const algorithms = [...new Set(usable.flatMap(({ byAlgorithm }) => [...byAlgorithm.keys()]))];
  const faults = (Object.keys(KEY_ADVICE) as KeyFault[]).filter((fault) => dropped.includes(fault));
  const details = { keys: usable.length, algorithms, dropped: faults };
  const unused = faults.length === 0 ? '' : ` (${faults.join(', ')})`;
  if (usable.length === 0) {
    const remedies = faults.map((fault) => KEY_ADVICE[fault].remedy);
    return failed(
      `publishes no key that may be used${unused}`,
      remedies.length === 0
        ? 'The key set is empty. Let the issuer publish the key that it signs with.'
        : remedies.join(' '),
      { details },
    );
  }
  const count = usable.length === 1 ? 'one usable key' : `${usable.length} usable keys`;
  const message = `publishes ${count} (${algorithms.join(', ')})${unused === '' ? '' : `; others are not used${unused}`}`;
  const remedies = faults.filter((fault) => KEY_ADVICE[fault].isAlwaysFault).map((fault) => KEY_ADVICE[fault].remedy);
  return remedies.length === 0 ? ok(message, { details }) : warning(message, remedies.join(' '), { details });
}

/** The metadata of an issuer whose key set the settings name; null when there is none. */
async function metadataBeside(issuer: IssuerConfig, { rules, fetchDocument }: IssuerCheckDeps) {
  if (issuer.jwks_uri === undefined || issuerUrlProblem(issuer.issuer, rules) !== null) return null;
  const found = await fetchMetadata(issuer.issuer, fetchDocument);
  return found.kind === 'metadata' ? found.metadata : null;
}

/** Null when the metadata gives tokens the `iss` that is configured. */
function nameFinding(metadata: IssuerMetadata, issuer: IssuerConfig, rules: UrlRules): Diagnosis | null {
  const named = metadata.accessTokenIssuer ?? metadata.issuer;
  return named === issuer.issuer
    ? null
    : warning(
        `says in its metadata that its access tokens have ${differing(named, issuer)}`,
        rename(named, metadata, rules),
        {
          details: { configured: issuer.issuer, in_metadata: printableName(named) },
        },
      );
}

function differing(named: string, { issuer }: IssuerConfig): string {
  return `the issuer ${quoted(named)}, where AUTH_ISSUERS has ${quoted(issuer)}`;
}

/** What to paste. A name that is no https URL needs `jwks_uri` beside it. */
function rename(named: string, { jwksUri }: IssuerMetadata, rules: UrlRules): string {
  if (/[{}]/.test(named)) {
    return 'Write it as issuer in AUTH_ISSUERS, with the id of your own tenant in place of the braces.';
  }
  const beside = issuerUrlProblem(named, rules) === null ? '' : `, "jwks_uri": ${quoted(jwksUri)}`;
  return `If the iss of its access tokens is that, paste into AUTH_ISSUERS: "issuer": ${quoted(named)}${beside}`;
}

function quoted(name: string): string {
  return JSON.stringify(printableName(name));
}

async function unfetched(
  { reason, status, metadata }: KeySourceFailed,
  issuer: IssuerConfig,
  { rules, probe }: IssuerCheckDeps,
  address: 'issuer' | 'jwks_uri',
): Promise<Diagnosis> {
  const details = { reason, ...(status === undefined ? {} : { status }) };
  const seen = await probe;
  if (reason === 'unreachable' && seen !== null && seen.result.kind !== 'answered') {
    const { message, remedy } = UNANSWERED[seen.result.reason];
    return failed(message, remedy, { details: { reason: seen.result.reason } });
  }
  if (reason === 'metadata_issuer_mismatch' && metadata !== undefined) {
    const named = metadata.accessTokenIssuer ?? metadata.issuer;
    return failed(`has in its metadata ${differing(named, issuer)}`, rename(named, metadata, rules), {
      details: { ...details, configured: issuer.issuer, in_metadata: printableName(named) },
    });
  }
  const { message, remedy } = documentAdvice(reason, address);
  return failed(`${message}${status === undefined ? '' : ` (status ${status})`}`, remedy, { details });
}
