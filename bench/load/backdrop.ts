/**
 * What every side of a bench talks to, in the process of the bench: the upstream stub, and the stand-in identity provider
 * with RS256 keys, as most companies have them. The tokens of many people are issued once and used in turn.
 */
import { createPublicKey } from 'node:crypto';
import type { JsonWebKey } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { createIdentityProvider, DEMO_AUDIENCE } from '../../dev/identity-provider.ts';
import { startStubUpstream } from './stub-upstream.ts';

export interface Backdrop {
  readonly upstreamUrl: string;
  readonly upstreamPort: number;
  readonly issuer: string;
  readonly audience: string;
  /** What a side puts into the field `Galileo-API-Key`. */
  readonly apiKey: string;
  /** The issuer's key, for sides that fetch none. */
  readonly publicKeyPem: string;
  /** Access tokens of people of the client hr-portal. */
  readonly tokens: readonly string[];
  close(): void;
}

const PEOPLE = 64;
/** Longer than any run. */
const LIFETIME_S = 14_400;

export async function startBackdrop(): Promise<Backdrop> {
  const upstream = await startStubUpstream();
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const identityProvider = createIdentityProvider({ issuer, algorithm: 'RS256' });
  const listener = getRequestListener(identityProvider.app.fetch, { overrideGlobalObjects: false });
  server.on('request', (incoming, outgoing) => void listener(incoming, outgoing));
  const {
    keys: [jwk],
  } = await identityProvider.keySet();
  const publicKey = createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' });
  const subjects = Array.from({ length: PEOPLE }, (_, n) => `user-${String(n).padStart(4, '0')}`);
  const tokens = await Promise.all(
    subjects.map((sub) =>
      identityProvider.issue({ sub, client_id: 'hr-portal', ver: '2.0' }, { lifetimeS: LIFETIME_S }),
    ),
  );
  return {
    upstreamUrl: upstream.url,
    upstreamPort: upstream.port,
    issuer,
    audience: DEMO_AUDIENCE,
    apiKey: 'bench-key-0123456789abcdef0123456789',
    publicKeyPem: String(publicKey.export({ type: 'spki', format: 'pem' })),
    tokens,
    close() {
      upstream.close();
      server.close();
      server.closeAllConnections();
    },
  };
}
