import { issuerProfile } from '../../auth/issuer-profile.ts';
import type { IssuerConfig, UrlRules } from '../../auth/issuers.ts';
import { documentUrlProblem, issuerUrlProblem } from '../../auth/issuers.ts';
import type { KeySourceFailure } from '../../auth/keys/key-source.ts';
import { fetchKeySet } from '../../auth/keys/key-source.ts';
import { selectUsableKeys } from '../../auth/keys/verification-key.ts';
import type { FetchDocument } from '../../ports/fetch-document.ts';
import type { HttpExchange } from '../../ports/http.ts';
import type { Diagnosis } from './check.ts';
import { failed, ok, skipped, warning } from './check.ts';
import { PROBE_DEADLINES, UNANSWERED } from './probe.ts';
import type { Probe } from './probe.ts';
import { BEHIND_PROXY } from './proxy-words.ts';

/**
 * Doctor's check that tokens of one issuer could be verified now. The service's own code fetches the metadata and the
 * key set and selects the usable keys. No request goes to an address that the configuration refuses.
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
  if (addressProblem(issuer, rules) !== null) return null;
  const { jwksUri } = issuerProfile(issuer);
  return {
    method: 'GET',
    url: jwksUri ?? `${issuer.issuer.replace(/\/$/, '')}/.well-known/openid-configuration`,
    headers: {
      accept: 'application/json',
      'accept-encoding': 'identity',
      'user-agent': `galileo-invite-proxy/${version}`,
    },
    body: null,
    deadlines: PROBE_DEADLINES,
    maxResponseBytes: 65_536,
  };
}

export async function checkIssuer(issuer: IssuerConfig, deps: IssuerCheckDeps): Promise<Diagnosis> {
  const { rules, fetchDocument } = deps;
  const refused = addressProblem(issuer, rules);
  if (refused !== null) return skipped(`was not asked: its address ${refused}`, 'Fix AUTH_ISSUERS.');
  const profile = issuerProfile(issuer);
  const fetched = await fetchKeySet({ profile, fetchDocument, rules });
  if (fetched.kind === 'failed') return unfetched(fetched, await deps.probe);
  const sorted = await selectUsableKeys(fetched.document, profile.algorithms);
  if (sorted === null) {
    return failed(
      'publishes a document that is no key set',
      'Check jwks_uri: it must answer {"keys":[…]} (RFC 7517 §5).',
    );
  }
  const algorithms = [...new Set(sorted.usable.flatMap(({ byAlgorithm }) => [...byAlgorithm.keys()]))];
  const dropped = [...new Set(sorted.dropped)].toSorted();
  const count = sorted.usable.length;
  const details = { keys: count, algorithms, dropped };
  if (count === 0) {
    return failed(
      `publishes no key that may be used${dropped.length === 0 ? '' : ` (${dropped.join(', ')})`}`,
      'Let the issuer sign with one of the algorithms you allow, with RSA keys of 2048 bits at least (docs/identity-providers.md).',
      { details },
    );
  }
  const message = `publishes ${count === 1 ? 'one usable key' : `${count} usable keys`} (${algorithms.join(', ')})`;
  const leaked = dropped.includes('private_or_symmetric');
  if (leaked) {
    return warning(
      `${message}, and a private or symmetric key beside`,
      'Tell the issuer at once: a published private key lets anybody sign tokens. This service does not use it.',
      { details },
    );
  }
  return ok(`${message}${dropped.length === 0 ? '' : `; others are not used (${dropped.join(', ')})`}`, { details });
}

function addressProblem({ issuer, jwks_uri: jwksUri }: IssuerConfig, rules: UrlRules): string | null {
  return issuerUrlProblem(issuer, rules) ?? (jwksUri === undefined ? null : documentUrlProblem(jwksUri, rules));
}

type Failed = { readonly reason: KeySourceFailure; readonly status?: number | undefined };

function unfetched({ reason, status }: Failed, probe: Probe | null): Diagnosis {
  const details = { reason, ...(status === undefined ? {} : { status }) };
  if (reason === 'unreachable' && probe !== null && probe.result.kind !== 'answered') {
    const { message, remedy } = UNANSWERED[probe.result.reason];
    return failed(message, remedy, { details: { reason: probe.result.reason } });
  }
  const { message, remedy } = UNFETCHED[reason];
  return failed(`${message}${status === undefined ? '' : ` (status ${status})`}`, remedy, { details });
}

const ADDRESS = 'Check issuer in AUTH_ISSUERS: it must be the exact `iss` of its tokens. Or set jwks_uri.';

/** `message` follows the issuer's name. */
const UNFETCHED = {
  unreachable: { message: 'does not answer', remedy: UNANSWERED.connect_failed.remedy },
  ...BEHIND_PROXY,
  timeout: { message: 'does not answer in time', remedy: UNANSWERED.connect_timeout.remedy },
  redirected: {
    message: 'redirects, which is not followed',
    remedy: 'Name the address it redirects to, if it is the issuer’s.',
  },
  bad_status: { message: 'has no metadata or key set where they should be', remedy: ADDRESS },
  too_large: { message: 'answers with more than 64 KiB', remedy: ADDRESS },
  not_utf8: { message: 'answers with what is no text', remedy: ADDRESS },
  not_json: { message: 'answers with what is no JSON', remedy: ADDRESS },
  metadata_malformed: { message: 'publishes metadata without issuer or jwks_uri', remedy: ADDRESS },
  metadata_issuer_mismatch: {
    message: 'calls itself something else in its metadata',
    remedy: 'Write issuer in AUTH_ISSUERS exactly as its metadata does, down to the last slash.',
  },
  metadata_jwks_uri_not_allowed: {
    message: 'publishes a jwks_uri that is not https',
    remedy: 'Let the issuer publish its keys over https.',
  },
} as const satisfies Record<KeySourceFailure, { readonly message: string; readonly remedy: string }>;
