import type { Configuration } from './read-configuration.ts';

/** What an identity provider must know of the console. */
export interface ConsoleRedirect {
  readonly issuer: string;
  readonly clientId: string;
  /** Null without PUBLIC_URL. */
  readonly redirectUri: string | null;
}

/** Null: people do not sign in to the console with an identity provider of its own. */
export function consoleRedirect({ settings }: Pick<Configuration, 'settings'>): ConsoleRedirect | null {
  const { CONSOLE_ISSUER: issuer = null, CONSOLE_CLIENT_ID: clientId = null, PUBLIC_URL: publicUrl = null } = settings;
  if (issuer === null || clientId === null || settings.PAGES !== true) return null;
  return { issuer, clientId, redirectUri: publicUrl === null ? null : `${publicUrl}/console` };
}

/** As a sentence. */
export function redirectSentence({ issuer, clientId, redirectUri }: ConsoleRedirect): string {
  const address = redirectUri ?? 'the address of this service with the path /console (PUBLIC_URL is not set)';
  return `Register as redirect address of the client ${clientId} at ${issuer}: ${address}`;
}
