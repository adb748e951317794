/**
 * The handler of POST /v2/invite_users: takes Galileo's request and answers with Galileo's response. Middleware has
 * authenticated the caller and validated the body before it runs, without side effects. The handler calls the use case
 * (invite/send-invites, or invite/preview-invites for a dry run), which decides, records and sends.
 */
import type { Context } from 'hono';
import type { RecordService } from '../audit/record.ts';
import type { InviteAnswer, InviteCall } from '../invite/call.ts';
import type { AppEnv } from '../middleware/app-env.ts';
import { respond } from '../middleware/answers/respond.ts';
import { rateLimitFields } from './rate-limit-fields.ts';

export interface InviteUsersDeps {
  readonly sendInvites: (call: InviteCall) => Promise<InviteAnswer>;
  readonly previewInvites: (call: InviteCall) => Promise<InviteAnswer>;
  readonly service: RecordService;
}

/** Handles one validated request. */
export async function inviteUsers(c: Context<AppEnv>, deps: InviteUsersDeps, dryRun: boolean): Promise<Response> {
  const run = dryRun ? deps.previewInvites : deps.sendInvites;
  return respondAnswer(
    c,
    await run({
      requestId: c.get('requestId'),
      traceId: c.get('traceId'),
      traceFields: c.get('traceFields'),
      principal: c.get('principal'),
      source: c.get('source'),
      service: deps.service,
      asked: c.get('asked'),
      ...c.get('inviteList'),
      policy: c.get('policy'),
      idempotencyKey: c.get('idempotencyKey'),
      handling: c.get('handling'),
    }),
  );
}

function respondAnswer(c: Context<AppEnv>, { answer, outcome, quotas }: InviteAnswer): Response {
  const { reply, code, origin } = answer;
  if (code !== null && origin !== null) c.set('refusal', { code, origin });
  const headers = {
    ...(reply.contentType === null ? {} : { 'Content-Type': reply.contentType }),
    ...reply.headers,
    ...rateLimitFields(quotas),
    ...(outcome.kind === 'replayed'
      ? { 'Idempotency-Replayed': 'true', 'Content-Location': `/v2/invite_requests/${outcome.firstRequestId}` }
      : {}),
  };
  return respond(c, reply.body === '' ? null : reply.body, reply.status, headers);
}
