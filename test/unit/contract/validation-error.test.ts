import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inviteUsersSchema } from '../../../src/contract/invite-users.ts';
import { bodyErrors, invalidRequest, VALIDATION_ERROR_TYPES } from '../../../src/contract/validation-error.ts';

/** The errors of a body as `type @ place`. */
function errorsOf(body: unknown): string[] {
  return detailOf(body).map(({ type, loc }) => `${type} @ ${loc.join('.')}`);
}

function detailOf(body: unknown) {
  const read = inviteUsersSchema.safeParse(body);
  return read.success ? [] : bodyErrors(read.error.issues, body);
}

const UUID = '9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d';

describe('the 422 list', () => {
  it('names all errors at once, in the order of the model, then what is unknown as it came', () => {
    const body = {
      zeta: 1,
      send_email: 'maybe',
      group_ids: [UUID, 1, 'x'],
      role: 'owner',
      emails: ['ann@acme.com', 'nobody', 3, 'ANN@acme.com'],
      auth_method: null,
      alpha: 2,
    };
    expect(errorsOf(body)).toEqual([
      'enum @ body.auth_method',
      'value_error @ body.emails.1',
      'string_type @ body.emails.2',
      'value_error @ body.emails.3',
      'enum @ body.role',
      'uuid_type @ body.group_ids.1',
      'uuid_parsing @ body.group_ids.2',
      'bool_parsing @ body.send_email',
      'extra_forbidden @ body.zeta',
      'extra_forbidden @ body.alpha',
    ]);
  });

  it.each([
    [null, ['missing @ body']],
    [[], ['model_attributes_type @ body']],
    ['{}', ['model_attributes_type @ body']],
    [{ emails: null }, ['list_type @ body.emails']],
    [{ emails: { 0: 'ann@acme.com' } }, ['list_type @ body.emails']],
    [{ emails: [], group_ids: null }, ['too_short @ body.emails', 'list_type @ body.group_ids']],
    [{ send_email: 1 }, ['missing @ body.emails', 'bool_type @ body.send_email']],
  ])('reads %j as pydantic does', (body, errors) => {
    expect(errorsOf(body)).toEqual(errors);
  });

  it.each([
    [
      'bool_type',
      [
        '0',
        'off',
        'F',
        'False',
        'n',
        'NO',
        '1',
        'On',
        't',
        'TRUE',
        'y',
        'Yes',
        0,
        1,
        0.5,
        null,
        {},
        [],
        2 ** 63,
        -(2 ** 64),
      ],
    ],
    ['bool_parsing', ['', ' true', 'true ', 'maybe', '2', '01', 'tRuE!', 2, -1, 2 ** 53, -(2 ** 63)]],
  ])('calls a send_email that is no boolean %s, by what pydantic would have tried', (type, values) => {
    for (const value of values) {
      expect([value, errorsOf({ emails: ['ann@acme.com'], send_email: value })]).toEqual([
        value,
        [`${type} @ body.send_email`],
      ]);
    }
  });

  it.each([
    ['', 'uuid_parsing', 'invalid length: expected length 32 for simple format, found 0'],
    [UUID.slice(0, -1), 'uuid_parsing', 'invalid group length in group 4: expected 12, found 11'],
    [`0${UUID}`, 'uuid_parsing', 'invalid group length in group 0: expected 8, found 9'],
    ['9b1deb4d-3b7d', 'uuid_parsing', 'invalid group count: expected 5, found 2'],
    ['9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6z', 'uuid_parsing', 'found another at 36'],
    ['\u00e9\u00e9', 'uuid_parsing', 'found another at 1'],
    [`{${UUID}`, 'uuid_parsing', 'found another at 1'],
    [UUID.replaceAll('-', ''), 'uuid_parsing', 'written with dashes'],
    [`{${UUID}}`, 'uuid_parsing', 'written with dashes'],
    [`urn:uuid:${UUID}`, 'uuid_parsing', 'written with dashes'],
    [UUID.replace('-4', '-1'), 'uuid_version', 'UUID version 4 expected'],
    [UUID.replace('-4', '-1').replaceAll('-', ''), 'uuid_version', 'UUID version 4 expected'],
    [UUID.replace('-9', '-c'), 'uuid_version', 'UUID version 4 expected'],
    ['00000000-0000-0000-0000-000000000000', 'uuid_version', 'UUID version 4 expected'],
  ])('says why %j is no UUID as pydantic does', (text, type, words) => {
    const [error] = detailOf({ emails: ['ann@acme.com'], group_ids: [text] });
    expect(error?.type).toBe(type);
    expect(error?.msg).toContain(words);
  });

  it('names a list that is too long once, and none of its items', () => {
    const emails = Array.from({ length: 501 }, () => 'nobody');
    expect(errorsOf({ emails })).toEqual(['value_error @ body.emails']);
  });

  it('takes 500 addresses and 100 groups, and refuses one more of either', () => {
    const emails = Array.from({ length: 501 }, (_, index) => `ann${index}@acme.com`);
    const group_ids = Array.from({ length: 101 }, () => UUID);
    expect(errorsOf({ emails: emails.slice(1), group_ids: group_ids.slice(1) })).toEqual([]);
    expect(detailOf({ emails, group_ids })).toEqual([
      { type: 'value_error', loc: ['body', 'emails'], msg: 'Value error, at most 500 entries in one request' },
      { type: 'value_error', loc: ['body', 'group_ids'], msg: 'Value error, at most 100 entries in one request' },
    ]);
  });

  it.each([
    ['emails', 501],
    ['group_ids', 101],
  ])('reads no entry of %s when there are %d', (field, length) => {
    const read: PropertyKey[] = [];
    const entries = Array.from({ length }, () => 1);
    const list = new Proxy(entries, {
      get(_, key) {
        read.push(key);
        return Reflect.get(entries, key) as unknown;
      },
    });
    expect(errorsOf({ emails: ['ann@acme.com'], [field]: list })).toEqual([`value_error @ body.${field}`]);
    expect(read.filter((key) => typeof key === 'string' && /^\d+$/.test(key))).toEqual([]);
  });

  it('lists the first 50 errors in model order and counts the rest', () => {
    const emails = Array.from({ length: 40 }, () => '');
    const unknown = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`x${index}`, 1]));
    const { detail, omitted } = invalidRequest(detailOf({ ...unknown, emails }), { requestId: 'id' });
    expect(detail.map(({ loc }) => loc[1])).toEqual([
      ...emails.map(() => 'emails'),
      ...Object.keys(unknown).slice(0, 10),
    ]);
    expect(omitted).toBe(30);
    expect(invalidRequest(detailOf({ emails }), { requestId: 'id' })).not.toHaveProperty('omitted');
  });

  it('shows a long name by its beginning, and the invisible characters of a name by their code points', () => {
    const shown = (name: string) =>
      invalidRequest(detailOf({ emails: ['ann@acme.com'], [name]: 1 }), { requestId: 'id' }).detail[0]?.loc[1];
    expect(shown('x'.repeat(100))).toBe('x'.repeat(100));
    expect(shown('x'.repeat(60_000))).toBe(`${'x'.repeat(99)}…`);
    expect(shown(`${'x'.repeat(98)}😀x`)).toBe(`${'x'.repeat(98)}…`);
    expect(shown('ro\u202ele\u200b')).toBe('ro<U+202E>le<U+200B>');
  });

  it('accepts the first of equal addresses and names every later one', () => {
    const emails = ['Ann@acme.com', 'bo@acme.com', 'ann@ACME.com', 'BO@acme.com', 'Ann@acme.com'];
    expect(errorsOf({ emails })).toEqual([2, 3, 4].map((index) => `value_error @ body.emails.${index}`));
  });

  it('reports a bad address as bad each time it occurs, and never as repeated', () => {
    expect(errorsOf({ emails: ['nobody', 'nobody'] })).toEqual([
      'value_error @ body.emails.0',
      'value_error @ body.emails.1',
    ]);
  });

  it('gives every refused body at least one error of a promised type, and repeats no value of it', () => {
    const marked = fc.string({ minLength: 3 }).map((text) => `Zq7${text}Zq7`);
    const leaf = fc.oneof(fc.jsonValue(), marked, fc.constantFrom('ann@acme.com', UUID, 'user', 'okta', true));
    const body = fc.record(
      {
        auth_method: leaf,
        emails: fc.oneof(leaf, fc.array(leaf)),
        role: leaf,
        group_ids: fc.oneof(leaf, fc.array(leaf)),
        send_email: leaf,
        unknown: leaf,
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(body, leaf), (value) => {
        if (inviteUsersSchema.safeParse(value).success) return;
        const detail = detailOf(value);
        expect(detail.length).toBeGreaterThan(0);
        for (const { type } of detail) expect(VALIDATION_ERROR_TYPES).toContain(type);
        expect(JSON.stringify(detail)).not.toContain('Zq7');
      }),
      { numRuns: 1000 },
    );
  });
});

describe('what is accepted', () => {
  it('gets its defaults, its UUIDs in lower case and its addresses exactly as given, in model order', () => {
    const read = inviteUsersSchema.parse({ group_ids: [UUID.toUpperCase()], emails: ['Ann@EU.Acme.com'] });
    expect(JSON.stringify(read)).toBe(
      `{"auth_method":"email","emails":["Ann@EU.Acme.com"],"role":"user","group_ids":["${UUID}"],"send_email":true}`,
    );
  });
});
