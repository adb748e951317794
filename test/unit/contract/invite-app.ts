import { Hono } from 'hono';
import type { InvalidRequest } from '../../../src/contract/validation-error.ts';
import type { AppEnv } from '../../../src/middleware/app-env.ts';
import { inOrder } from '../../../src/middleware/in-order.ts';
import { bodyLimit } from '../../../src/middleware/limits/body-limit.ts';
import { isDryRun, readStrictly, validateInvite } from '../../../src/middleware/validation/validate-invite.ts';
import { refSchedule } from '../../../src/platform/node/runtime.ts';

/** The real validation in front of a double that answers with its input. */
export function createInviteApp(): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  app.use(async (c, next) => {
    c.set('requestId', '0190a5d4-0000-7000-8000-000000000001');
    await next();
  });
  app.use(inOrder(bodyLimit({ schedule: refSchedule, readBody: undefined })));
  app.post('/v2/invite_users', inOrder(readStrictly, validateInvite), async (c) =>
    c.json({ acted_on: c.get('asked'), dry_run: isDryRun(c), text: await c.req.text() }),
  );
  app.all('/v2/invite_users', (c) => c.body(null, 405));
  return app;
}

export interface InviteAnswer {
  readonly status: number;
  readonly contentType: string | null;
  /** The raw answer, for checks on what it must not contain. */
  readonly text: string;
  readonly body: Partial<InvalidRequest> & { acted_on?: unknown; dry_run?: boolean; text?: string; code?: string };
}

const app = createInviteApp();

/** Posts a body (a value is sent as JSON, text and bytes as they are) and reads the answer. */
export async function postInvite(
  body: unknown,
  { query = '', headers = {} }: { query?: string; headers?: Record<string, string> } = {},
): Promise<InviteAnswer> {
  const raw = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
  const init = { method: 'POST', headers: { 'Content-Type': 'application/json', ...headers }, body: raw as BodyInit };
  const response = await app.request(`http://proxy.example.com/v2/invite_users${query}`, init);
  const text = await response.text();
  return { status: response.status, contentType: response.headers.get('Content-Type'), text, body: JSON.parse(text) };
}
