// Bare Hono on @hono/node-server, forwarding through undici's dispatch: no token is read, only the key is added.
import { Hono } from 'hono';
import { serve } from '@hono/node-server';
import { Pool } from 'undici';

const { PORT, UPSTREAM, KEY } = process.env;
const pool = new Pool(UPSTREAM, { connections: 128, pipelining: 1 });
const headers = { 'content-type': 'application/json', 'galileo-api-key': KEY };

const forward = (body) =>
  new Promise((resolve, reject) => {
    const answer = { status: 0, headers: {}, chunks: [] };
    pool.dispatch(
      { method: 'POST', path: '/v2/invite_users', body, headers },
      {
        onRequestStart() {},
        onResponseStart(_controller, status, fields) {
          Object.assign(answer, { status, headers: fields });
        },
        onResponseData(_controller, chunk) {
          answer.chunks.push(chunk);
        },
        onResponseEnd() {
          resolve(answer);
        },
        onResponseError(_controller, error) {
          reject(error);
        },
      },
    );
  });

const app = new Hono();
app.post('/v2/invite_users', async (c) => {
  const { status, headers: fields, chunks } = await forward(new Uint8Array(await c.req.arrayBuffer()));
  return c.body(Buffer.concat(chunks), status, { 'content-type': fields['content-type'] });
});
serve({ fetch: app.fetch, port: Number(PORT), hostname: '127.0.0.1' });
