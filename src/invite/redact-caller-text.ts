/**
 * What a caller says of itself in free text, as it may stand in the record: never the Galileo key, and no address where
 * addresses are recorded as HMACs. Only texts that nothing is decided by; who the caller is (subject, client) stays as the
 * issuer signed it. Cannot see an address that is disguised.
 */
import type { RecordAddress } from '../audit/record-address.ts';
import type { Secrets } from '../ports/secrets.ts';
import { createKeySearch } from '../upstream/api-keys.ts';
import type { InviteCall } from './call.ts';

export interface RedactCallerTextDeps {
  readonly secrets: Secrets;
  /** How an address stands in the trail. */
  readonly recordAddress: RecordAddress;
}

type CallerClaims = Pick<InviteCall, 'source' | 'principal'>;

/** Never rejects: without the keys to search for, these texts are withheld. */
export async function redactCallerText(
  { source, principal }: CallerClaims,
  { secrets, recordAddress }: RedactCallerTextDeps,
): Promise<CallerClaims> {
  const keys = await secrets.galileoKeys().catch(() => null);
  const holdsKey =
    keys === null ? () => true : createKeySearch(keys.next === null ? [keys.current] : [keys.current, keys.next]);
  const fit = (text: string): string => (holdsKey(text) ? '[withheld]' : withoutAddresses(text, recordAddress));
  const { user_agent: userAgent, origin } = source;
  return {
    source: {
      ...source,
      ...(userAgent === undefined ? {} : { user_agent: fit(userAgent) }),
      ...(origin === undefined ? {} : { origin: fit(origin) }),
    },
    principal: { ...principal, tokenId: principal.tokenId === null ? null : fit(principal.tokenId) },
  };
}

/** An `@` within a word, with the signs that mail programs take for one and the form it has in addresses of pages. */
const ADDRESS = /.(?:@|%40|＠|﹫)./i;

/** Word by word, so that a long text without an `@` is read once. Unchanged where addresses stand in the trail as given. */
function withoutAddresses(text: string, recordAddress: RecordAddress): string {
  return text.replaceAll(/\S+/g, (word) => (ADDRESS.test(word) && recordAddress(word) !== word ? '[address]' : word));
}
