/**
 * The reasons of records in words: one row for each reason that this program writes, so that a new one without words does
 * not compile. A record may hold a reason of a later release: it is shown as its word. Each text continues "because …".
 */
import type { RecordAttempt, RecordOutcome } from '../../audit/record.ts';
import type { NotSent, Unknown, WithheldReason } from '../../upstream/failure.ts';

type Reason = NotSent['reason'] | Unknown['reason'];

const REASONS: Readonly<Record<Reason, string>> = {
  connect_failed: 'no connection to Galileo could be made',
  connect_timeout: 'no connection to Galileo was made in time',
  tls_failed: 'no TLS connection to Galileo could be made',
  name_not_resolved: "the name of Galileo's host was not resolved",
  client_closed: 'this service was stopping',
  proxy_name_not_resolved: "the name of the egress proxy's host was not resolved",
  proxy_unreachable: 'the egress proxy was not reached',
  proxy_tls_failed: 'no TLS connection to the egress proxy could be made',
  proxy_timeout: 'the egress proxy did not answer in time',
  proxy_credentials_rejected: 'the egress proxy rejected the credentials of this service',
  proxy_refused: 'the egress proxy refused the connection',
  proxy_target_unreachable: 'the egress proxy did not reach Galileo',
  proxy_protocol_error: 'the egress proxy did not answer as an HTTP proxy',
  proxy_connection_lost: 'the egress proxy closed the connection',
  breaker_open: 'Galileo had failed several times before, and this service waited',
  unconfirmed: 'the ledger did not confirm in time that it was on record',
  key_unavailable: 'the Galileo key could not be read',
  sign_in_refused: 'Galileo refused the user name and password of this service',
  sign_in_failed: 'this service could not sign in to Galileo',
  credentials_rejected: 'Galileo rejected the key of this service',
  rate_limited: 'Galileo limited the rate of requests',
  wrong_address: "the configured address did not lead to Galileo's invite endpoint",
  egress_refused: 'a proxy on the way to Galileo asked for credentials',
  timeout: 'Galileo did not answer in time',
  connection_lost: 'the connection to Galileo broke before the whole answer came',
  protocol_error: "Galileo's answer could not be read",
  response_too_large: "Galileo's answer was too large",
  redirect: 'Galileo answered with a redirect, which is not followed',
  request_timeout: 'Galileo gave up on the request',
  server_error: 'Galileo answered with an error',
  unusable_response: "Galileo's answer could not be understood",
  interrupted: 'sending was interrupted before the answer came',
  expired: 'this service stopped before an outcome was on record',
  unrecorded: 'the outcome could not be put on record',
};

const WITHHELD: Readonly<Record<WithheldReason, string>> = { contains_key: 'it held the Galileo key' };

export const SETTLED_BY: Readonly<Record<NonNullable<RecordOutcome['settled_by']>, string>> = {
  exchange: 'the request itself',
  sweep: 'this service, because the intent had expired',
  reconciliation: "this service, from Galileo's list of users",
  person: 'a person',
};

export const ATTEMPT_RESULTS: Readonly<Record<RecordAttempt['result'], string>> = {
  answered: 'answered',
  maybe_sent: 'gave no complete answer',
  not_sent: 'was not reached',
};

export function reasonWords(reason: string | undefined): string {
  if (reason === undefined) return 'the record does not say why';
  return rowOf(REASONS, reason) ?? `of ${reason}`;
}

export function withheldWords(reason: string): string {
  return rowOf(WITHHELD, reason) ?? `of ${reason}`;
}

function rowOf(table: Readonly<Record<string, string>>, word: string): string | null {
  return Object.hasOwn(table, word) ? (table[word] ?? null) : null;
}
