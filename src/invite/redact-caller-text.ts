/**
 * Redacts the free text that a caller supplies (User-Agent, Origin, token id) for its record. The result never contains
 * the Galileo key, and no address where addresses are recorded as HMACs. No decision depends on these texts. The
 * caller's identity (subject, client) is recorded as the issuer signed it. A disguised address is not detected.
 */
import type { RecordAddress } from '../audit/record-address.ts';
import type { Credentials } from '../upstream/credentials.ts';
import type { InviteCall } from './call.ts';

export interface RedactCallerTextDeps {
  readonly credentials: Pick<Credentials, 'secretSearch'>;
  /** Returns the recorded form of an address. */
  readonly recordAddress: RecordAddress;
}

type CallerText = Pick<InviteCall, 'source' | 'principal'>;

/** Never rejects: when the keys to search for cannot be read, these texts are withheld. */
export async function redactCallerText(
  { source, principal }: CallerText,
  { credentials, recordAddress }: RedactCallerTextDeps,
): Promise<CallerText> {
  const holdsKey = (await credentials.secretSearch()) ?? (() => true);
  const fit = (text: string): string => (holdsKey(text) ? '[withheld]' : withoutAddresses(text, recordAddress));
  const { user_agent: userAgent, origin } = source;
  return {
    source: {
      ...source,
      ...(origin === undefined ? {} : { origin: fit(origin) }),
      ...(userAgent === undefined ? {} : { user_agent: fit(userAgent) }),
    },
    principal: { ...principal, tokenId: principal.tokenId === null ? null : fit(principal.tokenId) },
  };
}

/** An `@` inside a word, or a character that mail programs accept as one, or its percent-encoded form. */
const ADDRESS = /.(?:@|%40|＠|﹫)./i;

/**
 * Works word by word, so that a long text without an `@` is read once. Changes nothing where addresses are recorded as
 * given.
 */
function withoutAddresses(text: string, recordAddress: RecordAddress): string {
  if (!ADDRESS.test(text)) return text;
  return text.replaceAll(/\S+/g, (word) => (ADDRESS.test(word) && recordAddress(word) !== word ? '[address]' : word));
}
