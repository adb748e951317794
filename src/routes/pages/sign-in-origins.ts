/**
 * The origins that the console's page connects to for the sign-in: the issuer's own, and those of its token endpoint and
 * of its revocation endpoint, which providers may have elsewhere (Cognito, Google). The metadata is read when someone opens the console, and kept
 * for a while. Without it the issuer's origin alone is allowed: the page then says that the provider is not reached.
 */
import * as z from 'zod';
import { documentUrlProblem } from '../../auth/issuers.ts';
import { DOCUMENT_TIMEOUT_MS, fetchMetadataDocument } from '../../auth/keys/key-source.ts';
import type { Deps } from '../../deps.ts';
import type { SharedTaskDeps } from '../../tasks/shared-task.ts';
import { createSharedTask } from '../../tasks/shared-task.ts';

const KEPT_MS = 10 * 60_000;
/** After a failure. A page that is opened meanwhile does not wait for the provider. */
const RETRY_MS = 30_000;

/** WHATWG URL lets `;` and `,` into a host, where they would end a directive or the whole policy. */
const PLAIN_ORIGIN = /^https?:\/\/[a-z\d.:[\]-]+$/;

const metadataSchema = z.object({
  issuer: z.string(),
  token_endpoint: z.string(),
  // Without a usable one, a sign-out is one of the page alone.
  revocation_endpoint: z.string().optional().catch(undefined),
});

/** For two documents. */
const PATIENCE_MS = 2 * DOCUMENT_TIMEOUT_MS;

type SignInOriginsDeps = Pick<Deps, 'fetchDocument' | 'settings'> & SharedTaskDeps;

/**
 * `issuer`: null when nobody signs in with one. The result never rejects. All who open the page while the provider is asked
 * wait for one answer: nobody needs a token for that, and the provider must not get a request for each.
 */
export function createSignInOrigins(
  issuer: string | null,
  { fetchDocument, settings, ...deps }: SignInOriginsDeps,
): () => Promise<readonly string[]> {
  if (issuer === null) return async () => [];
  const { clock } = deps;
  const own = [new URL(issuer).origin].filter((origin) => PLAIN_ORIGIN.test(origin));
  let kept: { readonly origins: readonly string[]; readonly until: number } = { origins: own, until: 0 };
  const ask = createSharedTask(async (from: string) => {
    const found = await fetchMetadataDocument(from, fetchDocument).catch(() => null);
    const metadata = metadataSchema.safeParse(found?.kind === 'document' ? found.document : null);
    const originOf = (url: string | undefined): readonly string[] =>
      url === undefined || documentUrlProblem(url, settings) !== null
        ? []
        : [new URL(url).origin].filter((origin) => PLAIN_ORIGIN.test(origin));
    // Discovery §4.3: metadata of another issuer must not be used. The page refuses it, too.
    const isOfIssuer = metadata.success && metadata.data.issuer.replace(/\/$/, '') === from.replace(/\/$/, '');
    const tokens = isOfIssuer ? originOf(metadata.data.token_endpoint) : [];
    const revocations = isOfIssuer ? originOf(metadata.data.revocation_endpoint) : [];
    kept =
      tokens.length > 0
        ? { origins: [...new Set([...own, ...tokens, ...revocations])], until: clock.now() + KEPT_MS }
        : { origins: kept.origins, until: clock.now() + RETRY_MS };
    return kept;
  }, deps);
  return async () => {
    if (clock.now() < kept.until) return kept.origins;
    return ((await ask(issuer, PATIENCE_MS)) ?? kept).origins;
  };
}
