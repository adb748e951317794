import type { HttpResult } from '../../../ports/http.ts';
import { isTlsMismatch, isWebPage, isWrongAddress } from '../../../upstream/wrong-address.ts';

/**
 * Reads the answer to a request without a key: does it show that GALILEO_API_URL leads to something else than Galileo's
 * API? A console, a sign-in page, a gateway without this route, a portal or a proxy in between. Pure.
 */
export interface Misleading {
  /** Follows the name of the check: "answers with a web page …". */
  readonly message: string;
  /** Null: the address itself is what has to be corrected. */
  readonly remedy: string | null;
}

type Answered = Extract<HttpResult, { kind: 'answered' }>;

/** The first row that holds decides. */
const SIGNS: readonly {
  readonly holds: (answer: Answered) => boolean;
  readonly message: (answer: Answered) => string;
  readonly remedy?: string;
}[] = [
  {
    holds: ({ status }) => status >= 300 && status < 400,
    message: (answer) => `redirects${target(answer)} (status ${answer.status}), which is never followed`,
  },
  {
    holds: ({ status }) => status === 407,
    message: () => 'was not reached: a proxy in between asks for credentials (status 407)',
    remedy: 'Let this machine connect to Galileo without that proxy, or give the proxy its credentials.',
  },
  {
    holds: ({ status }) => status === 511,
    message: () => 'was not reached: the network asks for a sign-in first (status 511)',
    remedy: 'Sign this machine in to its network, or use a network without a sign-in page.',
  },
  {
    holds: isTlsMismatch,
    message: ({ status }) =>
      `was not reached: a server in front wants https, or a client certificate, which this service has not (status ${status})`,
    remedy: 'Write GALILEO_API_URL with https://, or use an address that asks for no client certificate.',
  },
  {
    holds: isWrongAddress,
    message: ({ status }) => `has no /v2/current_user at this address (status ${status}): it is not Galileo’s API`,
  },
  {
    holds: (answer) => answer.status < 500 && isWebPage(answer),
    message: ({ status }) =>
      `answers with a web page (status ${status}), not as an API: a console, a sign-in page or a filter in between`,
  },
];

export function readMisleading(answer: Answered): Misleading | null {
  const sign = SIGNS.find(({ holds }) => holds(answer));
  return sign === undefined ? null : { message: sign.message(answer), remedy: sign.remedy ?? null };
}

/** The origin only: a query of a sign-in redirect may hold anything. */
function target({ headers }: Answered): string {
  const url = URL.parse(headers['location'] ?? '');
  return url === null || !/^https?:$/.test(url.protocol) ? '' : ` to ${url.origin}`;
}
