/**
 * The sentences for requests that were not sent because of this service or its surroundings, not because of Galileo. Each
 * says who must act. When to try again is added from the Retry-After field (contract/problem).
 */
import type { ProblemExtras } from '../contract/problem.ts';
import type { ProxyFailure } from '../ports/http.ts';
import type { NotSent } from '../upstream/failure.ts';

const OUT_OF_ORDER: ProblemExtras = {
  origin: 'proxy',
  detail:
    'Nothing was sent: the egress proxy of this service does not connect it to Galileo. The operators of this service find the reason in its log.',
};

/** The proxy between this service and Galileo opened no tunnel. */
const PROXY_FAILED: Record<ProxyFailure, ProblemExtras> = {
  proxy_credentials_rejected: {
    origin: 'proxy',
    detail:
      'Nothing was sent: the egress proxy of this service wants credentials, or refuses those it got. The operators of this service must correct its HTTPS_PROXY.',
  },
  proxy_refused: {
    origin: 'proxy',
    detail:
      'Nothing was sent: the egress proxy of this service does not let it through to Galileo. The operators of this service must have it allowed.',
  },
  proxy_name_not_resolved: OUT_OF_ORDER,
  proxy_unreachable: OUT_OF_ORDER,
  proxy_tls_failed: OUT_OF_ORDER,
  proxy_timeout: OUT_OF_ORDER,
  proxy_target_unreachable: OUT_OF_ORDER,
  proxy_protocol_error: OUT_OF_ORDER,
  proxy_connection_lost: OUT_OF_ORDER,
};

export const OWN_FAILURES: Partial<Record<NotSent['reason'], ProblemExtras>> = {
  key_unavailable: {
    origin: 'proxy',
    detail: 'Nothing was sent: this service cannot read its key for Galileo. Its operators must fix that.',
  },
  // Galileo has refused, now or within the last hour: the origin is the upstream, as with a refused key.
  sign_in_refused: {
    detail:
      'Nothing was sent: Galileo refuses the user name and password of this service. Its operators must correct them. After a refusal this service signs in at most once an hour, because accounts lock.',
  },
  sign_in_failed: {
    origin: 'proxy',
    detail: 'Nothing was sent: this service could not sign in to Galileo.',
  },
  wrong_address: {
    origin: 'proxy',
    detail:
      "Nothing was sent: this service's GALILEO_API_URL does not lead to Galileo's invite endpoint. Its operators must correct it.",
  },
  egress_refused: {
    origin: 'proxy',
    detail:
      'Nothing was sent: a proxy between this service and Galileo asked for credentials. The operators of this service must correct its configuration.',
  },
  ...PROXY_FAILED,
  client_closed: {
    origin: 'proxy',
    detail: 'Nothing was sent: this instance of the service is shutting down.',
  },
  breaker_open: {
    origin: 'proxy',
    detail: 'Nothing was sent: requests to Galileo have been failing, so this service does not try for a moment.',
  },
};
