import { issuerProfile } from '../../../src/auth/issuer-profile.ts';
import type { IssuerConfig } from '../../../src/auth/issuers.ts';
import type { Principal } from '../../../src/auth/principal.ts';
import { TOKEN_FIELDS } from '../../../src/auth/token/credentials.ts';
import type { VerifyResult } from '../../../src/auth/verify.ts';
import { createFakeClock } from '../../support/clock.ts';
import { document, rs256Signer, testDocuments, testVerifier } from '../../support/tokens.ts';
import { RECORDED_TOKENS } from './recorded-tokens.ts';
import type { RecordedToken } from './recorded-tokens.ts';

/** Verifies recorded tokens with changes: signed by a test's key, and in the header field of their issuer. */
const signer = await rs256Signer();
const ORIGIN = 'https://hr.acme.com';

export type Fields = Readonly<Record<string, unknown>>;

export interface Changes {
  readonly header?: Fields;
  readonly claims?: Fields;
  readonly entry?: Partial<IssuerConfig>;
}

export async function judgeRecorded(token: RecordedToken, changes: Changes): Promise<VerifyResult> {
  const entry: IssuerConfig = { name: 'corp', ...token.entry, ...changes.entry };
  const { tokenField } = issuerProfile(entry);
  const { fetchDocument } = testDocuments((url) => {
    const metadata = { issuer: entry.issuer, jwks_uri: `${entry.issuer}/keys` };
    const keys = [{ ...signer.jwk, kid: token.header['kid'], x5c: ['MIIC'], issuer: entry.issuer }];
    return document(JSON.stringify(url.endsWith('/openid-configuration') ? metadata : { keys }));
  });
  const verifier = testVerifier({ fetchDocument, clock: createFakeClock(), issuers: [entry], corsOrigins: [ORIGIN] });
  const text = await signer.sign(
    JSON.stringify({ ...token.header, ...changes.header }),
    JSON.stringify({ ...token.claims, ...changes.claims }),
  );
  const origin = TOKEN_FIELDS[tokenField].ambient ? ORIGIN : null;
  return verifier.verify(text, { field: tokenField, origin, isSameOrigin: false });
}

/** The reason of the refusal, or the kind of the result. */
export async function verdictOn(token: RecordedToken, changes: Changes): Promise<string> {
  const result = await judgeRecorded(token, changes);
  return result.kind === 'refused' ? result.failure.reason : result.kind;
}

export async function principalOf(
  token: RecordedToken,
  claims: Fields,
  entry: Partial<IssuerConfig> = {},
): Promise<Principal> {
  const result = await judgeRecorded(token, { claims, entry });
  if (result.kind !== 'verified') throw new Error(JSON.stringify(result));
  return result.principal;
}

export function recorded(title: string): RecordedToken {
  const found = RECORDED_TOKENS.find((token) => token.title === title);
  if (found === undefined) throw new Error(`no recorded token ${title}`);
  return found;
}
