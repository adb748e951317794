import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createInviteApp } from './invite-app.ts';
import { sharedFile } from '../../support/testdata.ts';

/** Where the proxy is stricter than the upstream on purpose: the whole list. `errors` are `type @ place`. */
interface Difference {
  readonly why: string;
  readonly status: 400 | 415 | 422;
  readonly errors?: readonly string[];
}

const COERCIBLE: Difference = {
  why: 'send_email is a JSON boolean',
  status: 422,
  errors: ['bool_type @ body.send_email'],
};
const BAD_ADDRESS: Difference = {
  why: 'only plain ASCII addresses',
  status: 422,
  errors: ['value_error @ body.emails.0'],
};
const NOT_JSON_TYPE: Difference = { why: 'a wrong media type is named as such', status: 415 };

const DIFFERENCES: Readonly<Record<string, Difference>> = {
  emails_items_mixed: {
    why: 'bad addresses are named beside the wrong types',
    status: 422,
    errors: ['string_type @ body.emails.1', 'string_type @ body.emails.2', 'value_error @ body.emails.3'],
  },
  emails_not_email: BAD_ADDRESS,
  emails_control_chars: BAD_ADDRESS,
  homoglyph_domain: BAD_ADDRESS,
  group_uuid_nodash: { why: 'UUIDs are dashed', status: 422, errors: ['uuid_parsing @ body.group_ids.0'] },
  "send_str_'yes'": COERCIBLE,
  "send_str_'true'": COERCIBLE,
  "send_str_'on'": COERCIBLE,
  "send_str_'y'": COERCIBLE,
  "send_str_'t'": COERCIBLE,
  "send_str_'1'": COERCIBLE,
  send_val_0: COERCIBLE,
  'send_val_0.0': COERCIBLE,
  extra_camel: {
    why: 'unknown fields are refused',
    status: 422,
    errors: ['extra_forbidden @ body.groupIds', 'extra_forbidden @ body.sendEmail'],
  },
  proto_key: { why: 'unknown fields are refused', status: 422, errors: ['extra_forbidden @ body.__proto__'] },
  deep_900: { why: 'unknown fields are refused', status: 422, errors: ['extra_forbidden @ body.x'] },
  query_role: { why: 'unknown query parameters are refused', status: 422, errors: ['extra_forbidden @ query.role'] },
  ct_text: NOT_JSON_TYPE,
  ct_geo_json_text: NOT_JSON_TYPE,
  dup_key_role: { why: 'a repeated name has two meanings', status: 422, errors: ['json_invalid @ body.42'] },
  nan: { why: 'not JSON (and a 500 upstream)', status: 422, errors: ['json_invalid @ body.41'] },
  infinity_extra: { why: 'not JSON', status: 422, errors: ['json_invalid @ body.32'] },
  utf16le: { why: 'JSON is UTF-8', status: 422, errors: ['json_invalid @ body.1'] },
  utf32: { why: 'JSON is UTF-8', status: 400 },
};

interface OracleCase {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly content_type: string | null;
  readonly extra_headers: Readonly<Record<string, string>>;
  readonly body_b64: string;
  readonly upstream: { readonly status: number; readonly acted_on?: unknown; readonly detail?: unknown };
}

const oracle = sharedFile('testdata/upstream-oracle.json');

describe.skipIf(!oracle.present)(`against the recorded upstream${oracle.word}`, () => {
  const { cases } = oracle.present ? (JSON.parse(oracle.text()) as { cases: OracleCase[] }) : { cases: [] };
  const agreeing = cases.filter((entry) => !Object.hasOwn(DIFFERENCES, entry.name));
  const differing = cases.filter((entry) => Object.hasOwn(DIFFERENCES, entry.name));

  it.each(agreeing.filter((entry) => entry.upstream.status === 200))(
    '$name: acts on the same values',
    async (entry) => {
      const answer = await send(entry);
      expect(answer.status).toBe(200);
      expect(answer.body.acted_on).toStrictEqual(entry.upstream.acted_on);
    },
  );

  it.each(agreeing.filter((entry) => entry.upstream.status !== 200))('$name: refuses alike', async (entry) => {
    const answer = await send(entry);
    expect(answer.status).toBe(entry.upstream.status);
    if (entry.upstream.status === 422) expect(answer.body.detail).toStrictEqual(entry.upstream.detail);
  });

  it.each(differing)('$name: is stricter on purpose, as listed', async (entry) => {
    const { status, errors } = DIFFERENCES[entry.name] as Difference;
    const answer = await send(entry);
    expect(answer.status).toBe(status);
    if (errors !== undefined) expect(answer.body.detail?.map(shown)).toEqual(errors);
  });

  it('has no listed difference that is none, and none that the recording does not show', async () => {
    const real: string[] = [];
    for (const entry of cases) {
      const answer = await send(entry);
      const same =
        answer.status === entry.upstream.status &&
        (answer.status !== 422 || isDeepStrictEqual(answer.body.detail, entry.upstream.detail)) &&
        (answer.status !== 200 || isDeepStrictEqual(answer.body.acted_on, entry.upstream.acted_on));
      if (!same) real.push(entry.name);
    }
    expect(real.toSorted()).toEqual(Object.keys(DIFFERENCES).toSorted());
  });
});

type Shown = { type: string; loc: readonly (string | number)[]; msg: string };

function shown({ type, loc }: Pick<Shown, 'type' | 'loc'>): string {
  return `${type} @ ${loc.join('.')}`;
}

async function send(entry: OracleCase): Promise<{ status: number; body: { acted_on?: unknown; detail?: Shown[] } }> {
  const headers = new Headers(entry.extra_headers);
  if (entry.content_type !== null) headers.set('Content-Type', entry.content_type);
  const body = entry.method === 'GET' ? null : Buffer.from(entry.body_b64, 'base64');
  const response = await createInviteApp().request(`http://proxy.example.com${entry.path}`, {
    method: entry.method,
    headers,
    body,
  });
  const text = await response.text();
  return { status: response.status, body: text.startsWith('{') ? JSON.parse(text) : {} };
}
