/**
 * Doctor's check of the sign-in of the console: whether the identity provider has what a page needs (authorization code,
 * PKCE), and the redirect address to register there. What only the provider knows, it cannot see: whether the client
 * and the address are registered, and whether pages of this origin may call the token endpoint (CORS).
 */
import * as z from 'zod';
import type { IssuerConfig, UrlRules } from '../../../auth/issuers.ts';
import { documentUrlProblem } from '../../../auth/issuers.ts';
import { fetchMetadataDocument } from '../../../auth/keys/key-source.ts';
import type { FetchDocument } from '../../../ports/fetch-document.ts';
import type { ConsoleRedirect } from '../../config/console-redirect.ts';
import { redirectSentence } from '../../config/console-redirect.ts';
import { documentAdvice } from '../advice/issuer-advice.ts';
import type { Diagnosis } from '../check.ts';
import { failed, ok, warning } from '../check.ts';

export interface ConsoleCheckDeps {
  readonly fetchDocument: FetchDocument;
  readonly rules: UrlRules;
  readonly issuers: readonly IssuerConfig[];
}

const metadataSchema = z.object({
  issuer: z.string(),
  authorization_endpoint: z.string(),
  token_endpoint: z.string(),
  code_challenge_methods_supported: z.array(z.string()).optional(),
});

export async function checkConsole(
  signIn: ConsoleRedirect,
  { fetchDocument, rules, issuers }: ConsoleCheckDeps,
): Promise<Diagnosis> {
  const { issuer, redirectUri } = signIn;
  const found = await fetchMetadataDocument(issuer, fetchDocument);
  if (found.kind === 'failed') {
    const { message } = documentAdvice(found.reason, 'issuer');
    return failed(`the identity provider of CONSOLE_ISSUER ${message}`, 'Check CONSOLE_ISSUER: nobody can sign in.');
  }
  const read = metadataSchema.safeParse(found.document);
  if (!read.success)
    return failed(
      'the metadata of CONSOLE_ISSUER names no authorization and token endpoint',
      'People cannot sign in with this issuer: name the one that they sign in with.',
    );
  const { code_challenge_methods_supported: methods = ['S256'], ...metadata } = read.data;
  if (withoutSlash(metadata.issuer) !== withoutSlash(issuer))
    return failed(
      'the metadata of CONSOLE_ISSUER is that of another issuer',
      'Write CONSOLE_ISSUER as the metadata has it.',
    );
  const unfit = [metadata.authorization_endpoint, metadata.token_endpoint].some(
    (url) => documentUrlProblem(url, rules) !== null,
  );
  if (unfit)
    return failed('the metadata of CONSOLE_ISSUER names an endpoint without TLS', 'Ask the people who run it.');
  if (!methods.includes('S256'))
    return failed(
      'the identity provider of CONSOLE_ISSUER has no PKCE with S256',
      'The console signs in by no other way.',
    );
  const more = { lines: [redirectSentence(signIn)], details: { redirect_uri: redirectUri } };
  if (redirectUri === null)
    return warning('signs people in, but where it is reached is not known here', 'Set PUBLIC_URL.', more);
  const isKnown = issuers.some((entry) => withoutSlash(entry.issuer) === withoutSlash(issuer));
  return isKnown
    ? ok('people can sign in; its redirect address must be registered', more)
    : warning(
        'signs people in with an issuer that is not in AUTH_ISSUERS',
        'Make sure that its access tokens have the `iss` of an entry (Entra with v1.0 tokens does).',
        more,
      );
}

function withoutSlash(issuer: string): string {
  return issuer.replace(/\/$/, '');
}
