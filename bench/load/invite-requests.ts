/** The texts of invites for the load generator: another person in turn, new addresses each time. */
export interface InviteShape {
  readonly tokens: readonly string[];
  /** How many addresses a request has. */
  readonly addresses?: number;
  /** Whether each request has a new Idempotency-Key. */
  readonly hasKey?: boolean;
}

/** The addresses of a run never repeat: a quota per invitee would refuse them. */
let requests = 0;

export function createInviteRequests({ tokens, addresses = 1, hasKey = false }: InviteShape): () => string {
  const heads = tokens.map(
    (token) =>
      'POST /v2/invite_users HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: hr-portal/1.4\r\nAccept: application/json\r\n' +
      `Accept-Encoding: gzip, deflate, br\r\nContent-Type: application/json\r\nAuthorization: Bearer ${token}\r\n`,
  );
  return () => {
    requests += 1;
    const serial = String(requests).padStart(9, '0');
    const emails =
      addresses === 1
        ? `"person${serial}@acme.com"`
        : Array.from({ length: addresses }, (_, n) => `"p${serial}x${n}@acme.com"`).join(',');
    const body = `{"emails":[${emails}],"auth_method":"okta","role":"user","group_ids":[],"send_email":true}`;
    const key = hasKey ? `Idempotency-Key: invite-of-bench-${serial}\r\n` : '';
    return `${heads[requests % heads.length] ?? ''}${key}Content-Length: ${body.length}\r\n\r\n${body}`;
  };
}
