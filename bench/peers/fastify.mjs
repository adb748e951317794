// Fastify with @fastify/jwt (RS256), a JSON Schema of the body, and undici's request. CACHE=1 keeps verified tokens.
import Fastify from 'fastify';
import jwt from '@fastify/jwt';
import { Pool } from 'undici';

const { PORT, UPSTREAM, KEY, PEM, ISSUER, AUDIENCE, CACHE } = process.env;
const pool = new Pool(UPSTREAM, { connections: 128, pipelining: 1 });
const app = Fastify({ logger: false });
const verify = {
  algorithms: ['RS256'],
  allowedIss: ISSUER,
  allowedAud: AUDIENCE,
  cache: CACHE === '1' ? 10_000 : false,
};
app.register(jwt, { secret: { public: PEM }, verify });

const body = {
  type: 'object',
  additionalProperties: false,
  required: ['emails', 'auth_method'],
  properties: {
    emails: { type: 'array', minItems: 1, items: { type: 'string', format: 'email' } },
    auth_method: { type: 'string' },
    role: { type: 'string' },
    group_ids: { type: 'array', items: { type: 'string', format: 'uuid' } },
    send_email: { type: 'boolean' },
  },
};
app.post(
  '/v2/invite_users',
  { schema: { body }, onRequest: (request) => request.jwtVerify() },
  async (request, reply) => {
    const answer = await pool.request({
      method: 'POST',
      path: '/v2/invite_users',
      body: JSON.stringify(request.body),
      headers: { 'content-type': 'application/json', 'galileo-api-key': KEY },
    });
    reply.code(answer.statusCode).header('content-type', answer.headers['content-type']);
    return await answer.body.text();
  },
);
await app.listen({ port: Number(PORT), host: '127.0.0.1' });
