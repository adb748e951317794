import { SignJWT } from 'jose';
import type { CryptoKey } from 'jose';

/** An RFC 9068 access token of hr-portal, which may invite, valid for five minutes from `atMs`. */
export async function signToken(
  privateKey: CryptoKey,
  { issuer, atMs, kid = 'k1' }: { readonly issuer: string; readonly atMs: number; readonly kid?: string },
): Promise<string> {
  const atS = Math.trunc(atMs / 1000);
  return await new SignJWT({ client_id: 'hr-portal', scope: 'invites:write' })
    .setProtectedHeader({ alg: 'ES256', kid, typ: 'at+jwt' })
    .setIssuer(issuer)
    .setAudience('galileo-invites')
    .setSubject('hr-portal')
    .setJti(crypto.randomUUID())
    .setIssuedAt(atS)
    .setExpirationTime(atS + 300)
    .sign(privateKey);
}
