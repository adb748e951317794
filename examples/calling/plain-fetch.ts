/** Invites people from a page with `fetch` alone. Every `text` can be shown to a person as it is. */
export interface InviteRequest {
  readonly emails: readonly string[];
  readonly auth_method?: string;
  readonly role?: string;
  readonly group_ids?: readonly string[];
}

export interface Ending {
  /** `unknown`: it may have been done. Ask `outcomeOf`, or repeat it with the same key; never with a new one. */
  readonly kind: 'invited' | 'refused' | 'unknown';
  readonly text: string;
  readonly requestId: string | null;
  readonly key: string;
}

/** One mistake of a 422. `loc` is as in `["body", "emails", 3]`: the fourth address. */
interface Mistake {
  readonly loc: readonly (string | number)[];
  readonly msg: string;
}

/** What this example reads of a problem (RFC 9457) and of a 422. */
interface Problem {
  readonly code: string;
  readonly request_id: string;
  readonly detail: string | readonly Mistake[];
  readonly outcome?: string;
}

/** The service looked the key up before it said one of these, so nothing is open about an earlier attempt. */
const SETTLES = /^(policy_denied|quota_exhausted|upstream_.*)$/;
/** It may have been done, or is being done. */
const IN_DOUBT = /^(outcome_unknown|idempotency_in_flight|internal_error)$/;

const MAX_TRIES = 5;
/** Longer than the service takes for any answer. */
const TIMEOUT_MS = 40_000;

export async function invite(
  service: string,
  token: string,
  request: InviteRequest,
  { key = crypto.randomUUID(), wait = seconds }: { key?: string; wait?: (s: number) => Promise<void> } = {},
): Promise<Ending> {
  let isLost = false;
  for (let tries = 1; ; tries += 1) {
    const response = await fetch(`${service}/v2/invite_users`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json', 'Idempotency-Key': key },
      body: JSON.stringify(request),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    }).catch(() => null);
    // A repeated answer is about the first request with the key, which Content-Location names.
    const location = response?.headers.get('Content-Location') ?? response?.headers.get('X-Request-Id');
    const requestId = location?.split('/').at(-1) ?? null;
    if (response?.ok === true) return { kind: 'invited', text: 'Invited.', requestId, key };
    // Null: no answer, or one of a gateway in between, such as a 504. An earlier attempt may have been done then.
    const problem = response === null ? null : await problemIn(response);
    isLost ||= problem === null;
    const mayRepeat = problem === null || response?.status === 409 || response?.status === 503;
    if (mayRepeat && tries < MAX_TRIES) {
      // With the same key: if the first attempt was done, the service repeats its answer and sends nothing again.
      await wait(Number(response?.headers.get('Retry-After') ?? tries));
      continue;
    }
    if (problem === null) return { kind: 'unknown', text: 'No answer came. Try again.', requestId, key };
    const { code, detail, outcome } = problem;
    const text = typeof detail === 'string' ? detail : detail.map(sentenceOf).join('\n');
    // Done: only Galileo's answer is not shown.
    if (outcome === 'accepted') return { kind: 'invited', text, requestId, key };
    const isUnknown = outcome === 'unknown' || IN_DOUBT.test(code) || (isLost && !SETTLES.test(code));
    return { kind: isUnknown ? 'unknown' : 'refused', text, requestId, key };
  }
}

/** Null: the answer is not one of the service, whose problems have these members. */
async function problemIn(response: Response): Promise<Problem | null> {
  const body = (await response.json().catch(() => null)) as Partial<Problem> | null;
  return body?.code === undefined || body.request_id === undefined || body.detail === undefined
    ? null
    : (body as Problem);
}

function sentenceOf({ loc: [, field = 'request', index], msg }: Mistake): string {
  const place = typeof index === 'number' ? `${String(field)}, entry ${String(index + 1)}` : String(field);
  return `${place}: ${msg.replace(/^Value error, /, '')}`;
}

/** What became of a request: `accepted`, `refused`, …, or `unknown` as long as it is not known. */
export async function outcomeOf(service: string, token: string, requestId: string): Promise<string> {
  const response = await fetch(`${service}/v2/invite_requests/${requestId}`, {
    headers: { Authorization: `Bearer ${token}` },
  });
  return response.ok ? ((await response.json()) as { state: string }).state : 'unknown';
}

function seconds(s: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, s * 1000));
}
