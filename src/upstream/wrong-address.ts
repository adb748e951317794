import { isHtmlPage } from '../lib/http/html-page.ts';
import { decodeUtf8 } from '../lib/text/utf8.ts';
import { isBareNotFound } from './refusal.ts';

/**
 * Which complete answers prove that a request went to another server or path than that of Galileo's API. Sending and
 * doctor use the same rules. Pure.
 */
interface Answer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** nginx's own statuses for its TLS settings. It sends most of them as a 400 with the title of the page. */
const TLS_STATUSES: ReadonlySet<number> = new Set([495, 496, 497]);
const TLS_PAGE =
  /^\s*<html>\s*<head>\s*<title>400 (?:The plain HTTP request was sent to HTTPS port|The SSL certificate error|No required SSL certificate was sent)<\/title>/i;

/** A server in front of Galileo refused the connection's protocol or certificate, so Galileo never saw the request. */
export function isTlsMismatch({ status, body }: Pick<Answer, 'status' | 'body'>): boolean {
  if (TLS_STATUSES.has(status)) return true;
  return status === 400 && TLS_PAGE.test(new TextDecoder().decode(body.subarray(0, 512)));
}

/**
 * A 404 or 405 that no handler of Galileo's gave, a 421 (not this host, RFC 9110 §15.5.20) or a 426 (not in this
 * protocol, §15.5.22), or a server in front that wants other TLS settings.
 */
export function isWrongAddress({ status, body }: Pick<Answer, 'status' | 'body'>): boolean {
  if (status === 421 || status === 426 || isTlsMismatch({ status, body })) return true;
  return (status === 404 || status === 405) && isBareNotFound(decodeUtf8(body, 'remove'));
}

/** A page for people. It proves nothing about an invite: a filter in between may answer so to a request that passed. */
export function isWebPage({ headers, body }: Pick<Answer, 'headers' | 'body'>): boolean {
  if (/^(?:text\/html|application\/xhtml\+xml)\s*(?:;|$)/i.test(headers['content-type'] ?? '')) return true;
  return isHtmlPage(new TextDecoder().decode(body.subarray(0, 1024)));
}
