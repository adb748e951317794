/**
 * The origins that the console's page connects to for the sign-in: the issuer's own, and that of its token endpoint,
 * which providers may have elsewhere (Cognito, Google). The metadata is read when someone opens the console, and kept
 * for a while. Without it the issuer's origin alone is allowed: the page then says that the provider is not reached.
 */
import * as z from 'zod';
import { documentUrlProblem } from '../../auth/issuers.ts';
import { fetchMetadataDocument } from '../../auth/keys/key-source.ts';
import type { Deps } from '../../deps.ts';

const KEPT_MS = 10 * 60_000;
/** After a failure. A page that is opened meanwhile does not wait for the provider. */
const RETRY_MS = 30_000;

/** WHATWG URL lets `;` and `,` into a host, where they would end a directive or the whole policy. */
const PLAIN_ORIGIN = /^https?:\/\/[a-z\d.:[\]-]+$/;

const metadataSchema = z.object({ issuer: z.string(), token_endpoint: z.string() });

/** `issuer`: null when nobody signs in with one. The result never rejects. */
export function createSignInOrigins(
  issuer: string | null,
  { fetchDocument, clock, settings }: Pick<Deps, 'fetchDocument' | 'clock' | 'settings'>,
): () => Promise<readonly string[]> {
  if (issuer === null) return async () => [];
  const own = [new URL(issuer).origin].filter((origin) => PLAIN_ORIGIN.test(origin));
  let kept: { readonly origins: readonly string[]; readonly until: number } = { origins: own, until: 0 };
  return async () => {
    if (clock.now() < kept.until) return kept.origins;
    const found = await fetchMetadataDocument(issuer, fetchDocument).catch(() => null);
    const metadata = metadataSchema.safeParse(found?.kind === 'document' ? found.document : null);
    // Discovery §4.3: metadata of another issuer must not be used. The page refuses it, too.
    const isUsable =
      metadata.success &&
      metadata.data.issuer.replace(/\/$/, '') === issuer.replace(/\/$/, '') &&
      documentUrlProblem(metadata.data.token_endpoint, settings) === null;
    const origin = isUsable ? new URL(metadata.data.token_endpoint).origin : '';
    kept = PLAIN_ORIGIN.test(origin)
      ? { origins: [...new Set([...own, origin])], until: clock.now() + KEPT_MS }
      : { origins: kept.origins, until: clock.now() + RETRY_MS };
    return kept.origins;
  };
}
