/** What the page says about each side, in the order of its table. */
export const SIDE_NAMES: Readonly<Record<string, { readonly name: string; readonly does: string }>> = {
  service: {
    name: 'this service',
    does: 'token, contract, policy, quotas, a durable record before and after the send',
  },
  'service-key': { name: 'this service, Idempotency-Key', does: 'the same, with a new key on each request' },
  fastify: { name: 'Fastify', does: '@fastify/jwt verifies each token; JSON Schema of the body; undici' },
  'fastify-cache': { name: 'Fastify, token cache', does: 'the same, but a token is verified once' },
  haproxy: { name: 'HAProxy', does: 'verifies each token (OpenSSL); adds the key' },
  hono: { name: 'bare Hono', does: 'reads no token; adds the key; undici' },
  nginx: { name: 'nginx', does: 'reads no token; adds the key' },
};

export const OWN_SIDES: ReadonlySet<string> = new Set(['service', 'service-key']);
/**
 * What the others are compared with: the least that a proxy with tokens has to do on the same runtime, and the least that
 * any proxy on the same framework has to do.
 */
export const BASE_SIDES = ['fastify', 'hono'] as const;
