import { REFUSED_FOR_MS } from '../../ledger/sign-in-hold.ts';
import type { Secret } from '../../lib/secret.ts';
import type { Ids } from '../../ports/ids.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Metrics } from '../../ports/metrics.ts';
import type { Secrets } from '../../ports/secrets.ts';
import { createKeySearch, formsOfPassword } from '../api-keys.ts';
import type { Credential, Credentials } from '../credentials.ts';
import type { Passage, SignInGate } from './sign-in-gate.ts';
import { notSent } from './sign-in-gate.ts';

/**
 * GALILEO_AUTH=basic: user name and password with every request (RFC 7617). Every request is a sign-in that Galileo may
 * count, so a 401 holds all of them for an hour, in every process. Until this process has seen the password accepted, it
 * sends one request at a time.
 */
export interface BasicDeps {
  /** The current slot holds the password. */
  readonly secrets: Secrets;
  readonly gate: SignInGate;
  readonly ids: Ids;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'count'>;
  readonly username: string;
}

export function createBasicCredentials({ secrets, gate, ids, username, logger, metrics }: BasicDeps): Credentials {
  /** Passwords that Galileo has accepted from this process and not refused since. */
  const proven = new WeakSet<Secret>();
  const passages = new WeakMap<Credential, Passage>();

  return {
    async credentials() {
      const { current: password } = await secrets.galileoKeys();
      const withPrint = (fingerprint: string): Credential => ({
        ...{ scheme: 'basic', slot: 'current', fingerprint, username, secret: password },
      });
      return {
        holdsSecret: createKeySearch(formsOfPassword(password, username)),
        async first(withinMs) {
          const fingerprint = await gate.fingerprintOf(password);
          if (fingerprint === null) return notSent('sign_in_failed', null);
          const credential = withPrint(fingerprint);
          if (proven.has(password) && (await gate.isOpen(fingerprint))) return credential;
          proven.delete(password);
          const passage = await gate.enter(fingerprint, withinMs);
          if (passage.kind !== 'passage') return passage;
          passages.set(credential, passage);
          return credential;
        },
        async proven() {
          const fingerprint = proven.has(password) ? await gate.fingerprintOf(password) : null;
          const isUsable = fingerprint !== null && (await gate.isOpen(fingerprint));
          return isUsable ? withPrint(fingerprint) : notSent('sign_in_failed', null);
        },
        // The same bytes with the same password would only be refused again.
        afterRejection: async () => null,
        async report(credential, verdict) {
          const passage = passages.get(credential) ?? null;
          if (verdict === 'rejected') {
            proven.delete(password);
            metrics.count('sign_ins', { result: 'refused' });
            logger.error('sign_in_refused', { key_fingerprint: credential.fingerprint, status: 401 });
            const { fingerprint } = credential;
            await gate.leave(passage ?? { kind: 'passage', fingerprint, claim: ids.uuid7() }, {
              reason: 'refused',
              forMs: REFUSED_FOR_MS,
            });
            return;
          }
          if (verdict === 'accepted') proven.add(password);
          if (passage !== null) await gate.leave(passage, null);
        },
      };
    },
    async secretSearch() {
      const keys = await secrets.galileoKeys().catch(() => null);
      return keys === null ? null : createKeySearch(formsOfPassword(keys.current, username));
    },
  };
}
