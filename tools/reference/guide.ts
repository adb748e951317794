/**
 * What the contract cannot say by itself: how to begin, how to read an answer, the words, the limits. Numbers come from
 * the code that holds them.
 */
import { html } from 'hono/html';
import { MAX_EMAILS, MAX_GROUP_IDS } from '../../src/contract/invite-users.ts';
import { MAX_LISTED_ERRORS } from '../../src/contract/validation-error.ts';
import { MAX_SEARCH_LINES } from '../../src/audit/search-request.ts';
import { HEADER_LIMIT_BYTES } from '../../src/lib/http/header-limit.ts';
import { MAX_BODY_BYTES } from '../../src/middleware/limits/body-limit.ts';
import { pane } from './examples/example.ts';
import { table } from './table.ts';
import type { Html } from './text.ts';
import { prose } from './text.ts';

export function startSection(baseUrl: string): Html {
  return html`<section aria-labelledby="start">
    <h2 id="start"><a href="#start">Start here</a></h2>
    <ol class="steps">
      <li>
        <strong>Get an access token</strong> from the identity provider of your organisation, with the scope
        <code>invites:write</code>. Send it with every call. This service asks for no password and sets no cookie.
      </li>
      <li>
        <strong>Ask first, if you like.</strong> A <a href="#dry-run">dry run</a> gives the verdict for each address.
        Nothing is sent and nothing is counted.
      </li>
      <li>
        <strong>Invite.</strong> Send an <a href="#idempotency-key">Idempotency-Key</a> with it, and you may repeat the
        call safely when the network fails.
      </li>
      <li>
        <strong>Show the answer.</strong> <code>detail</code> and every <code>message</code> are sentences for people.
        You can show them as they are.
      </li>
    </ol>
    <figure class="example">
      <figcaption>Once, before the first call</figcaption>
      <div class="sides">
        ${pane('Shell', `TOKEN='the access token'\n\ncurl -i ${baseUrl}/v2/invite_policy \\\n  -H "Authorization: Bearer $TOKEN"`)}
        ${pane(
          'Client (TypeScript)',
          `import { createInviteClient } from 'galileo-invite-client';\n\nconst invites = createInviteClient({\n  url: '${baseUrl}',\n  token: () => session.accessToken(),\n});`,
        )}
      </div>
    </figure>
    <p>
      Programs read the same contract as OpenAPI 3.1: <a href="/openapi.json">/openapi.json</a>. The examples on this
      page use the address <code>${baseUrl}</code>.
    </p>
  </section>`;
}

/** What came, what it means, what to do: the answers that every app has to tell apart. */
const READINGS: readonly (readonly [answer: string, meaning: string, todo: string])[] = [
  ['2xx', 'Galileo has invited everyone on the list.', 'Show it. The body is Galileo’s own answer.'],
  [
    '207',
    'With `Prefer: handling=lenient`: some addresses were sent, the others were refused.',
    'Show `refused`, one sentence for each address.',
  ],
  [
    '403 `policy_denied`',
    'The policy of your organisation refuses at least one address. Nothing was sent.',
    'Show the `message` of each decision. Leave the refused addresses out, or send with `Prefer: handling=lenient`.',
  ],
  ['422 `invalid_request`', 'The request has mistakes. Nothing was sent.', 'Correct the places that `loc` names.'],
  ['401', 'The access token is missing, expired or not accepted.', 'Get a fresh token, and ask once more.'],
  [
    '429',
    'A quota is used up, or Galileo asks for fewer requests. Nothing was done.',
    'Wait as long as `Retry-After` says.',
  ],
  [
    '409 `idempotency_in_flight`, or 503 with `Retry-After`',
    'Not now.',
    'Repeat the same call with the same Idempotency-Key after that time.',
  ],
  [
    '504, or 502 with `outcome: unknown`',
    'The invitation may or may not have been done.',
    'Do not send it again. Follow it at `GET /v2/invite_requests/{id}`, which `Content-Location` names.',
  ],
];

export function readingSection(): Html {
  return html`<section aria-labelledby="reading">
    <h2 id="reading"><a href="#reading">How to read an answer</a></h2>
    ${table({
      kind: 'reading',
      caption: 'The answers that an app has to tell apart',
      columns: ['Answer', 'Meaning', 'What to do'],
      rows: READINGS.map(([answer, meaning, todo]) => ({
        head: prose(answer),
        cells: [prose(meaning), prose(todo)],
      })),
    })}
  </section>`;
}

const WORDS: readonly (readonly [id: string, word: string, meaning: string])[] = [
  [
    'policy',
    'Policy',
    'The rules of your organisation: which app or person may invite whom, with which role and sign-in.',
  ],
  [
    'quota',
    'Quota',
    'How many addresses or requests are allowed in a time. `GET /v2/invite_policy` says what is left.',
  ],
  [
    'dry-run',
    'Dry run',
    'With `?dry_run=true` you get the verdict on each address, as if you had sent it now. Nothing is sent.',
  ],
  [
    'lenient',
    'Lenient',
    'With `Prefer: handling=lenient` the allowed addresses are sent and the others are refused one by one. Without it, all are sent or none.',
  ],
  [
    'idempotency-key',
    'Idempotency-Key',
    'A random value that you make for one intended invitation. A repeated call with the same value gets the stored answer, and no person is invited twice.',
  ],
  [
    'unknown-outcome',
    'Unknown outcome',
    'The connection to Galileo broke after the request had left. The service does not send it again by itself. It answers `outcome: unknown` until it is settled.',
  ],
  [
    'request-id',
    'Request id',
    'The field `X-Request-Id` of every answer. Quote it when you ask the operators about a call.',
  ],
];

export function wordSection(): Html {
  return html`<section aria-labelledby="words">
    <h2 id="words"><a href="#words">Words</a></h2>
    <dl class="words">
      ${WORDS.map(
        ([id, word, meaning]) =>
          html`<dt id="${id}">${word}</dt>
            <dd>${prose(meaning)}</dd> `,
      )}
    </dl>
  </section>`;
}

const LIMITS: readonly (readonly [what: string, limit: string])[] = [
  ['Addresses in one request', String(MAX_EMAILS)],
  ['Groups in one request', String(MAX_GROUP_IDS)],
  ['Body', `${MAX_BODY_BYTES / 1024} KiB, JSON in UTF-8, without a Content-Encoding`],
  ['URL and header fields together', `${HEADER_LIMIT_BYTES / 1024} KiB`],
  ['Errors listed in one answer', `${MAX_LISTED_ERRORS}; \`omitted\` counts the rest`],
  ['Idempotency-Key', '16 to 255 visible ASCII characters; kept for at least 7 days'],
  ['Records in one answer of the audit trail', MAX_SEARCH_LINES.toLocaleString('en')],
  [
    'Time that a call may take',
    'up to 25 seconds. Wait at least 30 before you give up: a call that you gave up may still be done.',
  ],
];

export function limitSection(): Html {
  return html`<section aria-labelledby="limits">
    <h2 id="limits"><a href="#limits">Limits</a></h2>
    <p>These hold for everyone. <a href="#quota">Quotas</a> come on top and are part of the policy.</p>
    ${table({
      kind: 'limits',
      caption: 'Limits of every call',
      columns: ['What', 'Limit'],
      rows: LIMITS.map(([what, limit]) => ({ head: prose(what), cells: [prose(limit)] })),
    })}
  </section>`;
}
