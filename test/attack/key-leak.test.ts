import { inspect } from 'node:util';

import { describe, expect, it } from 'vitest';

import { Secret } from '../../src/lib/secret.ts';
import type { HttpResult } from '../../src/ports/http.ts';
import { createSecrets } from '../../src/platform/workers/secrets/secrets.ts';
import { createFakeClock, createFakeIds } from '../support/clock.ts';
import { disguises } from '../support/key-disguises.ts';
import { createMemoryLedger } from '../support/ledger/memory-ledger.ts';
import { ACCOUNT } from '../support/sign-in.ts';
import { createLogins, createSignInProcess } from '../support/sign-in-harness.ts';
import {
  answered,
  createSendHarness,
  CURRENT_KEY,
  fixedSecrets,
  NEXT_KEY,
  recordLogs,
  type SendHarness,
} from '../support/upstream.ts';

const workersSecrets = (key: string) =>
  createSecrets({
    galileoApiKey: key,
    galileoApiKeyNext: key,
    clock: createFakeClock(),
    schedule: createFakeClock(),
    logger: recordLogs(),
  });

/** Promise 1: whatever the upstream answers, the key appears in no result of `send`, no log line and no metric. */
const SHAPES: readonly (readonly [name: string, make: (text: string) => HttpResult])[] = [
  ['a success’s JSON', (text) => answered(200, { echo: text })],
  ['a success’s JSON, unquoted', (text) => answered(200, `{"echo":"${text}"}`)],
  ['a success’s JSON as a member name', (text) => answered(200, { [text]: 1 })],
  ['a success that is not JSON', (text) => answered(200, text)],
  ['a success’s content type', (text) => answered(200, {}, { 'content-type': `application/json; x=${text}` })],
  ['a success’s other fields', (text) => answered(200, {}, { 'x-debug': text })],
  ['a detail list’s message', (text) => answered(422, { detail: [{ type: 'x', loc: ['body'], msg: text }] })],
  ['a detail list’s place', (text) => answered(422, { detail: [{ type: 'x', loc: ['body', text], msg: 'no' }] })],
  ['a detail list’s type', (text) => answered(422, { detail: [{ type: text, loc: ['body'], msg: 'no' }] })],
  [
    'a detail list’s input',
    (text) => answered(422, { detail: [{ type: 'x', loc: ['body'], msg: 'no', input: text }] }),
  ],
  ['a detail string', (text) => answered(403, { detail: text })],
  ['a standard error', (text) => answered(403, { standard_error: { message: text } })],
  ['a plain error', (text) => answered(400, text, { 'content-type': 'text/plain' })],
  ['a refusal’s field', (text) => answered(403, { detail: 'no' }, { 'www-authenticate': text })],
  ['a 401', (text) => answered(401, { detail: text })],
  ['a Retry-After', (text) => answered(429, { detail: text }, { 'retry-after': text })],
  ['a redirect', (text) => answered(307, text, { location: `https://evil.example/?${text}` })],
  ['a server error', (text) => answered(500, { detail: text })],
];

function everythingVisible(harness: SendHarness, result: unknown): string {
  const seen = [result, harness.logger.lines, harness.metrics.samples];
  return [JSON.stringify(seen), inspect(seen, { depth: 20, showHidden: true })].join('\n');
}

/** Independent of the key search under test: no 12 characters of the text appear in the output. */
function expectNothingOf(text: string, visible: string): void {
  const plain = visible.toLowerCase();
  for (let at = 0; at + 12 <= text.length; at += 1) {
    const piece = text.slice(at, at + 12);
    if (plain.includes(piece.toLowerCase())) expect.fail(`came out: characters ${at} to ${at + 12}`);
  }
}

describe.each(SHAPES)('the key, repeated by the upstream in %s', (_shape, make) => {
  it.each([...disguises(CURRENT_KEY), ...disguises(NEXT_KEY).slice(0, 3)])(
    'does not come out %s',
    async (_name, text) => {
      const harness = createSendHarness([make(text), make(text)], { secrets: fixedSecrets(CURRENT_KEY, NEXT_KEY) });
      const result = await harness.send('{}');
      expectNothingOf(text.replace(/^invalid key |, sorry$/g, ''), everythingVisible(harness, result));
    },
  );
});

/** The characters of HTTP Basic that depend on the password alone. */
function basicForm(): string {
  const whole = Buffer.from(`${ACCOUNT.username}:${ACCOUNT.password}`);
  const [from, to] = [((ACCOUNT.username.length + 1) * 8) / 6, (whole.length * 8) / 6];
  return whole.toString('base64').slice(Math.ceil(from), Math.floor(to));
}

describe.each(['basic', 'password'] as const)('with GALILEO_AUTH=%s', (scheme) => {
  /** A send that is signed in, and the texts that must not come out. */
  async function signedIn(make: (text: string) => HttpResult, secretOf: (token: string) => string) {
    const clock = createFakeClock();
    const http = createLogins(clock);
    const process = createSignInProcess({
      scheme,
      clock,
      http,
      ledger: createMemoryLedger({ clock, ids: createFakeIds() }),
    });
    await (await process.credentials.credentials()).first(1000);
    clock.advance(60_000);
    const secret = secretOf(http.account.tokens[0] ?? '');
    return {
      secret,
      async send(text: string) {
        const harness = createSendHarness([make(text)], { credentials: process.credentials });
        const result = await harness.send('{}');
        return everythingVisible(harness, [result, process.logger.lines, process.metrics.samples]);
      },
    };
  }
  const SECRETS = [
    ['the password', () => ACCOUNT.password],
    ['user name and password in base64', () => basicForm()],
    [
      'the password in a form',
      () => new URLSearchParams({ password: ACCOUNT.password }).toString().slice('password='.length),
    ],
    ...(scheme === 'password' ? [['the token', (token: string) => token.slice(token.indexOf('.') + 1)] as const] : []),
  ] as const;

  describe.each(SECRETS)('%s, repeated by the upstream', (which, secretOf) => {
    it.each(SHAPES)('in %s, comes out in no disguise', async (_shape, make) => {
      const { secret, send } = await signedIn(make, secretOf);
      // 12 characters of a form are fewer of the password, where some of them are escapes.
      const fits = ([name]: readonly [string, string]) => !(which.endsWith('form') && name.includes('12 characters'));
      for (const [, text] of disguises(secret).filter(fits))
        expectNothingOf(text.replace(/^invalid key |, sorry$/g, ''), await send(text));
    });
  });
});

describe('the key, taken apart so that cleaning would join it again', () => {
  it.each(['\u200b', '\u0000', '\u202e', '\u00ad', '\u{e0041}'])(
    'by %j does not come out of a message',
    async (joint) => {
      const apart = Array.from(CURRENT_KEY).join(joint);
      for (const body of [
        { detail: apart },
        { detail: [{ type: 'x', loc: ['body', apart], msg: apart }] },
        { standard_error: { message: apart } },
      ]) {
        const harness = createSendHarness([answered(403, body)]);
        expectNothingOf(CURRENT_KEY, everythingVisible(harness, await harness.send('{}')));
      }
    },
  );
});

describe('a success that holds the key', () => {
  it('is still a success, with its body withheld', async () => {
    const { send } = createSendHarness([answered(200, { echo: CURRENT_KEY })]);
    expect(await send('{}')).toMatchObject({ kind: 'accepted', status: 200, body: null, withheld: 'contains_key' });
  });

  it('is found by the next key too', async () => {
    const { send } = createSendHarness([answered(200, { echo: NEXT_KEY })], {
      secrets: fixedSecrets(CURRENT_KEY, NEXT_KEY),
    });
    expect(await send('{}')).toMatchObject({ kind: 'accepted', body: null, withheld: 'contains_key' });
  });

  it('is found in the fields that came with it', async () => {
    const { send } = createSendHarness([answered(200, {}, { 'x-debug': CURRENT_KEY })]);
    expect(await send('{}')).toMatchObject({ kind: 'accepted', body: null, withheld: 'contains_key' });
  });
});

describe('a refusal that holds the key', () => {
  it.each([
    ['where nobody would be shown it', { detail: 'no', debug: CURRENT_KEY }],
    ['in what is left out of a list', { detail: [{ type: 'x', loc: ['body'], msg: 'no', input: CURRENT_KEY }] }],
  ])('%s is told in a fixed sentence', async (_name, body) => {
    const { send } = createSendHarness([answered(403, body)]);
    expect(await send('{}')).toMatchObject({
      kind: 'refused',
      message: 'Galileo refused the invitation with status 403.',
      errors: null,
    });
  });
});

describe('what is thrown below', () => {
  it('does not carry the key out of send', async () => {
    const harness = createSendHarness([
      (exchange) => Promise.reject(new TypeError(`Headers.append: ${inspect(exchange)}`)),
    ]);
    const result = await harness.send('{}');
    expect(result.kind).toBe('unknown');
    expectNothingOf(CURRENT_KEY, everythingVisible(harness, result));
  });

  it.each([`${CURRENT_KEY}\nX-Evil: 1`, ` ${CURRENT_KEY}`, `${CURRENT_KEY}é`])(
    'by an unfit key does not show it',
    async (value) => {
      const thrown: unknown = await workersSecrets(value)
        .galileoKeys()
        .catch((error: unknown) => error);
      expect(thrown).toBeInstanceOf(Error);
      expectNothingOf(CURRENT_KEY, inspect(thrown, { showHidden: true }) + String(thrown) + JSON.stringify(thrown));
    },
  );
});

describe('whatever holds the key', () => {
  it('shows itself without it', async () => {
    const secrets = fixedSecrets(CURRENT_KEY, NEXT_KEY);
    const harness = createSendHarness([answered(200)], { secrets });
    const holders: readonly unknown[] = [
      new Secret(CURRENT_KEY),
      secrets,
      await secrets.galileoKeys(),
      harness.send,
      workersSecrets(CURRENT_KEY),
    ];
    for (const holder of holders) {
      const shown = [
        inspect(holder, { depth: 20, showHidden: true }),
        String(holder),
        JSON.stringify(holder) ?? '',
        JSON.stringify([holder]),
      ];
      expectNothingOf(CURRENT_KEY, shown.join('\n'));
    }
  });
});
