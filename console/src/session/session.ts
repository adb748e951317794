/**
 * Who is signed in, and the way to the service for them. Tokens are in the memory of this page only. An access token
 * that ends is renewed with the refresh token; without one, the state becomes `expired`, and the page asks to sign in
 * again. A sign-out ends the refresh token at the provider, too. Invariant: what a person has typed is never lost when a
 * sign-in ends by itself; it is kept elsewhere (session/kept).
 */
import type { InviteClient, InviteClientOptions } from 'galileo-invite-client';
import { createInviteClient, ServiceUnreachable } from 'galileo-invite-client';
import type { AuditClient } from 'galileo-invite-client/audit';
import { createAuditClient } from 'galileo-invite-client/audit';
import type { ReadonlySignal } from '@preact/signals';
import { signal } from '@preact/signals';
import type { Settings } from '../settings.ts';
import { TEXTS } from '../texts.ts';
import { isRecord, kept, removeAllKept } from './kept.ts';
import type { PendingSignIn, Provider, Tokens } from './oidc.ts';
import { beginSignIn, discover, endSignIn, refresh, revoke, SignInRefused, WrongClock } from './oidc.ts';

export type Scope = 'invites:write' | 'audit:read' | 'invites:settle';

export type SessionState =
  /** `notice`: why the person is here again. */
  | { readonly kind: 'signed_out'; readonly notice: null | 'signed_out' | 'cancelled' }
  | { readonly kind: 'signed_in'; readonly person: string | null; readonly scopes: readonly string[] | null }
  | { readonly kind: 'expired'; readonly person: string | null; readonly scopes: readonly string[] | null }
  /** `detail` is the provider's, or null when it gave none. */
  | { readonly kind: 'failed'; readonly why: SignInFault; readonly detail: string | null }
  | { readonly kind: 'not_set_up' };

/** `storage`: the browser keeps nothing, so the way back from the provider is not found. `clock`: that of this computer is wrong. */
export type SignInFault = 'provider' | 'storage' | 'clock';

/** Thrown by calls when the person must sign in again. */
export class SessionExpired extends Error {
  override readonly name = 'SessionExpired';
}

export interface Session {
  readonly state: ReadonlySignal<SessionState>;
  /** Whether the tab can tell people apart. Then what it keeps is of the person who is signed in. */
  readonly knowsPerson: boolean;
  /** The service, for the person who is signed in. */
  readonly client: InviteClient;
  /** The same, for those who read the audit trail or settle unknown outcomes. */
  readonly audit: AuditClient;
  /** Whether a view for this right is worth a link. The service decides, not this. */
  readonly mayHave: (scope: Scope) => boolean;
  /** Leaves the page. `path`: the view to come back to. */
  readonly signIn: (path: string) => Promise<void>;
  readonly signOut: () => void;
}

/** A token that ends within this time is renewed before it is used. */
const RENEW_BEFORE_MS = 30_000;
/** How long one call keeps trying. */
const PATIENCE_MS = 15_000;
const SCOPES: readonly Scope[] = ['invites:write', 'audit:read', 'invites:settle'];

const pendingSignIn = kept<PendingSignIn>(
  'sign-in',
  (value): value is PendingSignIn =>
    isRecord(value) && ['state', 'nonce', 'codeVerifier', 'path'].every((name) => typeof value[name] === 'string'),
);

/** Whose everything is that the tab keeps: the provider's `sub`. */
const keptPerson = kept<string>('person', (value) => typeof value === 'string');

/**
 * Another person must not see a list, and not continue it: the service takes an idempotency key of another subject for a new
 * one, so what was in doubt would be sent twice.
 */
function keepForOnly(subject: string | null): void {
  // Without an ID token there is no name to compare.
  if (subject === null || keptPerson.read() === subject) return;
  removeAllKept();
  keptPerson.write(subject);
}

/** Ends a sign-in that the address brings back (`location.search`), and gives the path of the view to show. */
export async function openSession({ sign_in: signIn }: Settings): Promise<{ session: Session; path: string | null }> {
  if (signIn.kind !== 'oidc') return { session: ambientSession(signIn.kind), path: null };

  let provider: Provider | null = null;
  let tokens: Tokens | null = null;
  let knowsPerson = false;
  const state = signal<SessionState>({ kind: 'signed_out', notice: null });
  const findProvider = async (): Promise<Provider> => (provider ??= await discover(signIn));
  const take = (taken: Tokens): void => {
    tokens = taken;
    state.value = { kind: 'signed_in', person: taken.person, scopes: taken.scopes };
  };
  const expire = (): never => {
    // Calls that were under way at a sign-out end here as well. They must not ask to sign in again.
    if (state.value.kind === 'signed_in') state.value = { ...state.value, kind: 'expired' };
    throw new SessionExpired('The sign-in has ended.');
  };
  const held = (): Tokens => tokens ?? expire();
  /** The sign-out does not wait for it: without the tokens this page is signed out, whatever the provider says. */
  const revokeAfterSignOut = (left: Tokens): void => {
    void findProvider()
      .then(async (found) => await revoke(found, left))
      .catch(() => undefined);
  };

  let renewal: Promise<Tokens | null> | null = null;
  /** One at a time: a refresh token may be good for one use only. */
  const renew = async (old: Tokens): Promise<Tokens | null> => {
    renewal ??= findProvider()
      .then((found) => refresh(found, old))
      .finally(() => (renewal = null));
    return await renewal;
  };
  const accessToken = async (isRefused: boolean): Promise<string> => {
    const old = held();
    const isEnding = old.expiresAtMs !== null && old.expiresAtMs - RENEW_BEFORE_MS < Date.now();
    if (!isEnding && !isRefused) return old.accessToken;
    const renewed = await renew(old).catch(providerUnreachable);
    const isReached = !(renewed instanceof ServiceUnreachable);
    if (tokens === null && isReached && renewed !== null) revokeAfterSignOut(renewed);
    // The person has signed out meanwhile, or another call has taken the new token.
    if (held() !== old) return held().accessToken;
    if (isReached && renewed !== null) take(renewed);
    // The old one may have some seconds left.
    else if (isRefused || (old.expiresAtMs ?? 0) <= Date.now()) {
      // The provider has not ended the sign-in: a later call may renew it.
      if (!isReached) throw renewed;
      return expire();
    }
    return held().accessToken;
  };

  const path = await comeBack();
  // Short: the page says what is wrong, and the person resumes.
  const options: InviteClientOptions = {
    ...{ url: '/', patienceMs: PATIENCE_MS },
    token: ({ renew: isRefused }) => accessToken(isRefused),
  };
  const session: Session = {
    ...{ state, knowsPerson, client: createInviteClient(options), audit: createAuditClient(options) },
    mayHave: (scope) => !('scopes' in state.value) || mayHave(state.value.scopes, scope),
    async signIn(back) {
      try {
        const { url, pending } = await beginSignIn(await findProvider(), back);
        if (pendingSignIn.write(pending)) location.assign(url);
        else state.value = { kind: 'failed', why: 'storage', detail: null };
      } catch {
        state.value = { kind: 'failed', why: 'provider', detail: null };
      }
    },
    signOut() {
      if (tokens !== null) revokeAfterSignOut(tokens);
      tokens = null;
      removeAllKept();
      state.value = { kind: 'signed_out', notice: 'signed_out' };
    },
  };
  return { session, path };

  async function comeBack(): Promise<string | null> {
    const answer = new URLSearchParams(location.search);
    // Some providers report an error without the state. It counts as one of this sign-in, and its words are not shown.
    if (!answer.has('code') && !answer.has('error')) return null;
    const pending = pendingSignIn.read();
    pendingSignIn.remove();
    // A code is good once. It must not stay in the history, and a reload must not repeat it.
    history.replaceState(null, '', pending?.path ?? location.pathname);
    if (pending === null) return null;
    try {
      const taken = await endSignIn(await findProvider(), pending, answer);
      keepForOnly(taken.subject);
      knowsPerson = taken.subject !== null;
      take(taken);
    } catch (problem) {
      const isRefusal = problem instanceof SignInRefused;
      if (isRefusal && problem.isCancelled) state.value = { kind: 'signed_out', notice: 'cancelled' };
      else
        state.value = {
          ...{ kind: 'failed', why: problem instanceof WrongClock ? 'clock' : 'provider' },
          detail: isRefusal ? problem.message : null,
        };
    }
    return pending.path;
  }
}

/** Cloudflare Access has signed the person in, and adds the token to every request itself. Or no sign-in is set up. */
function ambientSession(kind: 'access' | 'not_set_up'): Session {
  const state = signal<SessionState>(
    kind === 'access' ? { kind: 'signed_in', person: null, scopes: null } : { kind: 'not_set_up' },
  );
  // A token in Authorization beside that of Access would be two tokens, which the service refuses.
  const withoutToken = async (url: string, init: RequestInit): Promise<Response> => {
    const headers = new Headers(init.headers);
    headers.delete('Authorization');
    const answer = await fetch(url, { ...init, headers });
    // The service redirects no call. Access sends a browser whose session has ended to its sign-in, until it has a new one.
    const isEnded = answer.type === 'opaqueredirect';
    if (state.value.kind === (isEnded ? 'signed_in' : 'expired'))
      state.value = { kind: isEnded ? 'expired' : 'signed_in', person: null, scopes: null };
    return answer;
  };
  const options = { url: '/', token: () => 'of-access', fetch: withoutToken, patienceMs: PATIENCE_MS };
  return {
    state,
    knowsPerson: false,
    client: createInviteClient(options),
    audit: createAuditClient(options),
    mayHave: () => true,
    signIn: async () => location.reload(),
    signOut() {
      removeAllKept();
      // Ends what is being sent: the page is still there until the browser has left it, and would keep the next result.
      state.value = { kind: 'signed_out', notice: 'signed_out' };
      location.assign('/cdn-cgi/access/logout');
    },
  };
}

/** Nothing was sent. The same call may be made again. */
function providerUnreachable(cause: unknown): ServiceUnreachable {
  const facts = {
    ...{ status: 0, code: 'service_unreachable', title: 'Service unreachable', origin: 'network' },
    ...{ detail: TEXTS.session.notRenewed, requestId: null, traceId: null, outcome: null, retryAfterMs: null },
    ...{ idempotencyKey: null, decisions: [], body: null },
  };
  return new ServiceUnreachable(facts, { cause });
}

/** A provider may name scopes in its own way (`api://…/audit:read`), and the service may map others. */
function mayHave(scopes: readonly string[] | null, scope: Scope): boolean {
  const has = (one: Scope): boolean => scopes?.some((given) => given === one || given.endsWith(`/${one}`)) ?? false;
  return !SCOPES.some(has) || has(scope);
}
