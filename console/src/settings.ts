/** What this deployment says about itself and its sign-in (`/console/settings.json`). */
import { isRecord } from './session/kept.ts';

export interface OidcSettings {
  readonly kind: 'oidc';
  readonly issuer: string;
  readonly client_id: string;
  readonly scope: string;
  readonly audience: string | null;
}

export type SignInSettings = OidcSettings | { readonly kind: 'access' } | { readonly kind: 'not_set_up' };

export interface Settings {
  readonly version: string;
  readonly sign_in: SignInSettings;
}

/** Longer than a slow connection takes. */
const PATIENCE_MS = 30_000;

/** Rejects when the service does not answer. */
export async function readSettings(): Promise<Settings> {
  const answer = await fetch('/console/settings.json', { redirect: 'error', signal: AbortSignal.timeout(PATIENCE_MS) });
  const settings: unknown = answer.ok ? await answer.json() : null;
  if (!isRecord(settings)) throw new Error('no settings');
  return settings as unknown as Settings;
}
