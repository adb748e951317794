import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkBearerToken } from '../../../../src/audit/delivery/bearer-token.ts';
import { readHmacKey } from '../../../../src/audit/hmac-key.ts';
import { checkApiKey, trimApiKey } from '../../../../src/upstream/api-keys.ts';

/** In the form of Galileo's own keys: base64url of 32 bytes. */
const KEY = 'aK-Ez6s58fD5U_FNqY7cfgvi8AiDTne10HMqnzUMszI';
const HEX = '7f'.repeat(32);
const base64 = (text: string): string => Buffer.from(text).toString('base64');

const hmacProblem = (text: string): string | null => {
  const read = readHmacKey(text);
  return read.kind === 'read' ? null : read.problem;
};

const CHECKS = [
  ['the Galileo key', checkApiKey],
  ['the token of a collector', checkBearerToken],
  ['the key for addresses', hmacProblem],
] as const;

const PASTED: readonly (readonly [text: string, problem: RegExp])[] = [
  [`"${KEY}"`, /^has quotes around it; docker --env-file passes them on: remove them/],
  [`'${KEY}'`, /^has quotes around it/],
  [`“${KEY}”`, /^has quotes around it/],
  [`GALILEO_API_KEY=${KEY}`, /^holds a name and = before the value/],
  [`export GALILEO_API_KEY="${KEY}"`, /^holds a name and =/],
  [`$env:GALILEO_API_KEY = "${KEY}"`, /^holds a name and =/],
  [`- GALILEO_API_KEY=${KEY}`, /^holds a name and =/],
  [`api_key=${KEY}`, /^holds a name and =/],
  [`TOKEN=${KEY}`, /^holds a name and =/],
  [`Galileo-API-Key: ${KEY}`, /^holds a name and a colon/],
  [`api_key: "${KEY}"`, /^holds a name and a colon/],
  [`Bearer ${KEY}`, /^begins with a word such as Bearer/],
  [`Splunk ${KEY}`, /^begins with a word such as Bearer/],
  [`{"api_key":"${KEY}"}`, /^is JSON/],
  [`[{"name":"key","value":"${KEY}"}]`, /^is JSON/],
  [`-----BEGIN PRIVATE KEY-----\n${KEY}\n-----END PRIVATE KEY-----`, /^holds a PEM block/],
  ['${GALILEO_API_KEY}', /^is a variable/],
  ['$GALILEO_API_KEY', /^is a variable/],
  ['$(GALILEO_API_KEY)', /^is a variable/],
  ['%GALILEO_API_KEY%', /^is a variable/],
  ['{{ .Values.galileo.apiKey }}', /^is a variable/],
  ['${{ secrets.GALILEO_API_KEY }}', /^is a variable/],
  ['op://vault/galileo/api-key', /^is a reference to a secret store/],
  ['arn:aws:secretsmanager:eu-west-1:123456789012:secret:galileo', /^is a reference to a secret store/],
  ['projects/acme/secrets/galileo/versions/latest', /^is a reference to a secret store/],
  ['/run/secrets/galileo-api-key', /^is the path of a file/],
  ['./secrets/galileo-api-key', /^is the path of a file/],
  ['https://app.galileo.ai/settings/api-keys', /^is an address/],
  ['<your Galileo API key>', /^is a placeholder/],
  ['your-galileo-api-key', /^is a placeholder/],
  ['your_api_key_here', /^is a placeholder/],
  ['changeme-changeme', /^is a placeholder/],
  ['xxxxxxxx-xxxx-xxxx-xxxxxxxx', /^is a placeholder/],
  [`${KEY.slice(0, 8)}************`, /^is a placeholder/],
  [`${KEY.slice(0, 20)}…`, /^is a placeholder/],
];

describe.each(CHECKS)('%s', (_name, check) => {
  it.each(PASTED)('is not %j, and the reason is named without it', (text, problem) => {
    expect(check(text)).toMatch(problem);
    expect(check(`${text}\n`)).toMatch(problem);
    for (const piece of [KEY.slice(0, 8), KEY.slice(-8)]) expect(check(text)).not.toContain(piece);
  });

  it.each([KEY, HEX, base64(HEX.slice(0, 31) + String.fromCharCode(1)), `${KEY}=="`, `sntrys_${KEY}=_${KEY}`])(
    'may be %j',
    (text) => {
      expect(check(text)).toBeNull();
    },
  );

  it('is read without a byte order mark in front', () => {
    expect(check(`\uFEFF${HEX}\r\n`)).toBeNull();
  });

  it('may be any random bytes in hexadecimal, base64 or base64url', () => {
    const bytes = fc.uint8Array({ minLength: 32, maxLength: 64 }).filter((all) => all.some((byte) => byte > 0x7f));
    fc.assert(
      fc.property(bytes, fc.constantFrom('hex', 'base64', 'base64url'), (all, form) => {
        expect(check(Buffer.from(all).toString(form))).toBeNull();
      }),
    );
  });
});

describe('base64 of a secret, as in the manifest of a Kubernetes Secret', () => {
  it.each([
    ['the Galileo key', base64(KEY), checkApiKey],
    ['the Galileo key with a line end', base64(`${KEY}\n`), checkApiKey],
    ['a token with a line end', base64(`${KEY}\n`), checkBearerToken],
    ['the hex digits of the key for addresses', base64(HEX), hmacProblem],
  ] as const)('is refused by that name: %s', (_name, text, check) => {
    expect(check(text)).toMatch(/^is base64 of the value, as in the manifest of a Kubernetes Secret: decode it/);
  });

  it('is taken where a provider may issue such tokens', () => {
    expect(checkBearerToken(base64('{"k":"OKSpmiRV6FuJe1Uh","n":"my_key","id":1}'))).toBeNull();
  });
});

describe('the Galileo key without what surrounds it', () => {
  it('has neither a byte order mark nor one line end', () => {
    expect(trimApiKey(`\uFEFF${KEY}\r\n`)).toBe(KEY);
  });
});
