/**
 * The stand-in Galileo and the stand-in identity provider, always as a pair, on loopback. For `npm start`, the demo and
 * tests. They refuse to start when a key or an issuer is configured: a mix of stand-ins and real settings could lose
 * real invites.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { AccountOptions } from './galileo-account.ts';
import { DEMO_GROUPS } from './galileo-groups.ts';
import { serveGalileo } from './galileo.ts';
import type { Galileo } from './galileo.ts';
import { createIdentityProvider, DEMO_AUDIENCE } from './identity-provider.ts';
import type { IdentityProvider } from './identity-provider.ts';

const REAL_SETTINGS = ['GALILEO_API_KEY', 'GALILEO_API_KEY_NEXT', 'GALILEO_PASSWORD', 'AUTH_ISSUERS'].flatMap(
  (name) => [name, `${name}_FILE`],
);

export interface StandIns {
  readonly galileo: Galileo;
  readonly galileoUrl: string;
  readonly identityProvider: IdentityProvider;
  readonly issuer: string;
  /** Settings that make the service use the pair. The key is new and random. */
  readonly env: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

export interface StandInPorts {
  /** 0: any free port. */
  readonly identityProvider: number;
  readonly galileo: number;
}

/** The settings in `env` that belong to a real deployment. */
export function realSettings(env: Readonly<Record<string, string | undefined>>): string[] {
  return REAL_SETTINGS.filter((name) => env[name] !== undefined && env[name] !== '');
}

/** Starts the pair. Rejects when `env` configures anything real, or a port is taken. */
export async function startStandIns(
  env: Readonly<Record<string, string | undefined>>,
  ports: StandInPorts,
  log: (line: string) => void = () => undefined,
  account?: AccountOptions,
): Promise<StandIns> {
  const real = realSettings(env);
  if (real.length > 0) throw new Error(`the stand-ins do not run beside real settings: ${real.join(', ')}`);
  const apiKey = `stand-in-${randomBytes(24).toString('base64url')}`;
  const galileo = await serveGalileo({
    ...{ port: ports.galileo, apiKeys: [apiKey], log },
    ...(account === undefined ? {} : { account }),
  });
  for (const [id, name] of DEMO_GROUPS) galileo.groups.create(id, name);

  // The issuer's URL contains its port, so the server listens first.
  const server = createServer();
  server.listen(ports.identityProvider, '127.0.0.1');
  await once(server, 'listening');
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const identityProvider = createIdentityProvider({ issuer });
  const listener = getRequestListener(identityProvider.app.fetch, { overrideGlobalObjects: false });
  server.on('request', (incoming, outgoing) => void listener(incoming, outgoing));

  return {
    galileo,
    galileoUrl: galileo.url,
    identityProvider,
    issuer,
    env: {
      INSECURE_DEV: '1',
      GALILEO_API_URL: galileo.url,
      GALILEO_API_KEY: apiKey,
      AUTH_ISSUERS: JSON.stringify([{ name: 'dev', issuer, audience: DEMO_AUDIENCE }]),
    },
    async close() {
      await galileo.close();
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
