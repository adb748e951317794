/**
 * The console (`/console`): the page on which people invite, follow their requests and read the trail. Every view has a
 * path of its own, and all of them are the same page: its script decides what to show. Page, script and stylesheet are
 * the same in every deployment; `settings.json` says how to sign in. Invariant: nothing here depends on who asks, and
 * the page may connect to this service and to the identity provider only.
 */
import type { Hono } from 'hono';
import type { Deps } from '../../deps.ts';
import type { AppEnv } from '../../middleware/app-env.ts';
import { respond } from '../../middleware/answers/respond.ts';
import { CONTENT_SECURITY_POLICY } from '../../middleware/answers/security-headers.ts';
import type { SharedTaskDeps } from '../../tasks/shared-task.ts';
import { staticDocument } from '../static-document.ts';
import { createSignInOrigins } from './sign-in-origins.ts';

/** As Hono writes paths. */
export const CONSOLE_VIEWS = [
  '/console',
  '/console/requests',
  '/console/requests/:id',
  '/console/audit',
  '/console/audit/:id',
] as const;

const ASSETS: Readonly<Record<string, string>> = {
  'console.js': 'text/javascript; charset=utf-8',
  'console.css': 'text/css; charset=utf-8',
  'icon.svg': 'image/svg+xml',
};

/** Everything that is served to whoever asks. */
export const CONSOLE_PATHS: readonly string[] = [
  ...CONSOLE_VIEWS,
  ...Object.keys(ASSETS).map((name) => `/console/${name}`),
  '/console/settings.json',
];

/** A file that is no page loads nothing, also when it is opened by itself. */
const LOADS_NOTHING = "default-src 'none'; frame-ancestors 'none'";
/** A browser asks again each time (304 while nothing changed), so page, script and stylesheet are of one version. */
const CACHE_CONTROL = 'public, no-cache';

export function serveConsole(
  app: Hono<AppEnv>,
  deps: Pick<Deps, 'readPage' | 'settings' | 'fetchDocument' | 'service'> & SharedTaskDeps,
): void {
  const { readPage, settings, service } = deps;
  if (!settings.pages) return;
  const { consoleSignIn: signIn } = settings;

  const origins = createSignInOrigins(signIn.kind === 'oidc' ? signIn.issuer : null, deps);
  let page: string | null = null;
  for (const path of CONSOLE_VIEWS) {
    app.get(path, async (c) => {
      page ??= new TextDecoder().decode(await readPage('console/page.html'));
      const fields = {
        // Not kept: a browser that keeps the page keeps its policy, too, and the identity provider may move.
        'Cache-Control': 'no-store',
        [CONTENT_SECURITY_POLICY]: pagePolicy(await origins()),
        'Content-Type': 'text/html; charset=utf-8',
      };
      return respond(c, page, 200, fields);
    });
  }
  for (const [name, contentType] of Object.entries(ASSETS)) {
    const read = async (): Promise<Uint8Array> => await readPage(`console/${name}`);
    const asset = { contentType, cacheControl: CACHE_CONTROL, contentSecurityPolicy: LOADS_NOTHING, read };
    app.get(`/console/${name}`, staticDocument(asset));
  }
  const document = { version: service.version, sign_in: signInDocument(settings) };
  app.get(
    '/console/settings.json',
    staticDocument({
      contentType: 'application/json',
      cacheControl: CACHE_CONTROL,
      read: async () => new TextEncoder().encode(JSON.stringify(document)),
    }),
  );
}

function pagePolicy(signInOrigins: readonly string[]): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    ["connect-src 'self'", ...signInOrigins].join(' '),
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ].join('; ');
}

function signInDocument({ consoleSignIn: signIn }: Deps['settings']): object {
  if (signIn.kind !== 'oidc') return { kind: signIn.kind };
  const { kind, issuer, clientId, scope, audience } = signIn;
  return { kind, issuer, client_id: clientId, scope, audience };
}
