/**
 * Writes one value to a Workers KV namespace through Cloudflare's API, as `wrangler kv key put` does. The token comes
 * from the environment. It goes only to the configured origin, over TLS or to this machine, and never into a message.
 * The result distinguishes a missing setting from a failure; its message says whether the value may have been written.
 */
import * as z from 'zod';
import { documentUrlProblem } from '../../auth/issuers.ts';
import { parseObject } from '../../lib/parse-object.ts';
import type { HttpPort } from '../../ports/http.ts';

export type KvWrite =
  | { readonly kind: 'written' }
  /** The message says what is missing. No request was sent. */
  | { readonly kind: 'not_configured'; readonly message: string }
  | { readonly kind: 'failed'; readonly message: string };

export interface KvStoreDeps {
  readonly http: HttpPort;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The namespace's id and the account's are 32 hex digits. */
const ID = /^[0-9a-f]{32}$/;
/** The same address as wrangler's. */
const BASE_URL = 'https://api.cloudflare.com/client/v4';
const TIMEOUT_MS = 30_000;
const MAX_ANSWER_BYTES = 64 * 1024;

export async function putKvValue(
  { namespace, key, value }: { readonly namespace: string; readonly key: string; readonly value: string },
  { http, env }: KvStoreDeps,
): Promise<KvWrite> {
  const { CLOUDFLARE_API_TOKEN: token = '', CLOUDFLARE_ACCOUNT_ID: account = '' } = env;
  const base = env['CLOUDFLARE_API_BASE_URL'] ?? BASE_URL;
  const missing = (message: string): KvWrite => ({ kind: 'not_configured', message });
  if (token === '') return missing('CLOUDFLARE_API_TOKEN is not set; make one that may edit Workers KV');
  if (!ID.test(account)) return missing('CLOUDFLARE_ACCOUNT_ID is not set to an account id, 32 hex digits');
  if (!ID.test(namespace)) return missing('--namespace is not a namespace id, 32 hex digits');
  const problem = documentUrlProblem(base, { insecureDev: true });
  if (problem !== null) return missing(`CLOUDFLARE_API_BASE_URL ${problem}`);

  const result = await http.exchange({
    method: 'PUT',
    url: `${base}/accounts/${account}/storage/kv/namespaces/${namespace}/values/${encodeURIComponent(key)}`,
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'text/plain; charset=utf-8' },
    body: value,
    deadlines: { connectMs: TIMEOUT_MS, headersMs: TIMEOUT_MS, bodyMs: TIMEOUT_MS, totalMs: TIMEOUT_MS },
    maxResponseBytes: MAX_ANSWER_BYTES,
  });
  switch (result.kind) {
    case 'not_sent':
      return { kind: 'failed', message: `Cloudflare could not be reached (${result.reason}); nothing was written` };
    case 'maybe_sent':
      return {
        kind: 'failed',
        message: `no complete answer came (${result.reason}); whether it was written is not known. Pushing again does no harm`,
      };
    case 'answered':
      return judge(result.status, new TextDecoder().decode(result.body));
  }
}

const answerSchema = z.object({
  success: z.boolean(),
  errors: z.array(z.object({ code: z.int() })).catch([]),
});

const REASONS: Readonly<Record<number, string>> = {
  400: 'Cloudflare did not take the token or the request',
  401: 'Cloudflare did not take the token',
  403: 'the token may not edit this namespace',
  404: 'there is no such account or namespace',
  413: 'the policy is larger than KV takes',
  429: 'Cloudflare asks for fewer requests; try again in a while',
};

/** Of Cloudflare's error only the code is printed: its text may hold anything. */
function judge(status: number, text: string): KvWrite {
  const answer = answerSchema.safeParse(parseObject(text));
  if (status === 200 && answer.data?.success === true) return { kind: 'written' };
  const codes = (answer.data?.errors ?? []).map(({ code }) => String(code)).join(', ');
  const reason = REASONS[status] ?? `Cloudflare answered ${String(status)}`;
  return { kind: 'failed', message: codes === '' ? reason : `${reason} (code ${codes})` };
}
