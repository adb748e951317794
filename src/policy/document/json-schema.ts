/**
 * The shape of the policy file as JSON Schema 2020-12, for editors, with a description of each key. It is made from the
 * zod schema; custom refinements of zod are repeated as far as JSON Schema can express them. It is never stricter than
 * the policy loader (a unit test checks that) and does not replace it: references between parts of the file, dates, and
 * the policy's own `tests` are checked by the loader only.
 */
import * as z from 'zod';
import { FORCEABLE, policyFileSchema } from './schema.ts';

type Schema = Readonly<Record<string, unknown>>;

/** The id of the published schema. Editors find the schema by path, so this is a name and not an address to fetch. */
const ID = 'urn:galileo-invite-proxy:policy:1';

export function describePolicySchema(): Schema {
  const { $schema, ...schema } = z.toJSONSchema(policyFileSchema, { io: 'input', target: 'draft-2020-12' });
  return { $schema, $id: ID, title: 'Galileo invite proxy: policy file', ...annotate(schema, '') };
}

const needs = (...keys: readonly string[]): Schema => ({ required: keys });
const anyOf = (keys: readonly string[]): Schema => ({ anyOf: keys.map((key) => needs(key)) });
const oneOf = (...keys: readonly string[]): Schema => ({ oneOf: keys.map((key) => needs(key)) });
const never = (...keys: readonly string[]): Schema => ({ not: anyOf(keys) });
const whenIs = (key: string, value: string): Schema => ({ properties: { [key]: { const: value } }, required: [key] });

const TARGET = ['domains', 'emails'];

/** Conditions between the keys of one row. schema.ts has the loader's message for each. */
const JOINS: Readonly<Record<string, Schema>> = {
  'force[]': { allOf: [anyOf(TARGET), anyOf(FORCEABLE)] },
  'rules[]': {
    ...oneOf('allow', 'deny'),
    // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema, in data that is never awaited.
    allOf: [{ if: needs('allow'), then: { allOf: [needs('roles', 'auth_methods'), anyOf(TARGET)] } }],
  },
  'quotas[]': {
    ...oneOf('emails', 'requests'),
    allOf: [
      // oxlint-disable-next-line unicorn/no-thenable -- as above.
      { if: whenIs('per', 'request'), then: never('window', 'requests'), else: needs('window') },
      // oxlint-disable-next-line unicorn/no-thenable -- as above.
      { if: needs('plus_addressing'), then: whenIs('per', 'invitee') },
    ],
  },
  'tests[]': {
    allOf: [
      // oxlint-disable-next-line unicorn/no-thenable -- as above.
      { if: whenIs('expect', 'allow'), then: never('because'), else: never('sends') },
    ],
  },
};

const ID_TEXT = 'The name that answers, records and tests use for it. Unique over force, rules and quotas.';
const DOMAINS_TEXT = 'acme.com is that domain only; "*.acme.com" its sub-domains, not itself; $name a set.';
const EMAILS_TEXT = 'Single addresses, beside or instead of domains. Case is ignored.';
const GROUPS_TEXT = 'Galileo groups: $name from groups, or UUIDs.';

/** A description for each key, by its path. A key without one fails a test. */
const DESCRIPTIONS: Readonly<Record<string, string>> = {
  version: 'The version of this language.',
  domains: 'Named sets of domains, used as $name.',
  'domains.*': 'acme.com is that domain only; "*.acme.com" its sub-domains of any depth, not itself. No sets in sets.',
  groups: 'Names for Galileo groups, used as $name and shown to people.',
  'groups.*': 'The group’s id in Galileo, a version 4 UUID.',
  callers: 'The callers that rules name. A token may be several callers; the rules of all of them apply.',
  'callers.*': 'All keys that are written must match the token; of a list, one entry. In exact case.',
  'callers.*.issuer': 'The short name of the identity provider in AUTH_ISSUERS.',
  'callers.*.client_id': 'The apps that the token may have been issued to.',
  'callers.*.subject': 'The people, or apps acting for themselves.',
  'callers.*.groups': 'Groups of the identity provider (not Galileo’s), as the token names them.',
  'callers.*.kind': 'user: a person. app: a client acting for itself.',
  force:
    'Values set before the rules are checked, whatever the caller asks. Per field, the first row for an address wins.',
  'force[].id': ID_TEXT,
  'force[].domains': DOMAINS_TEXT,
  'force[].emails': EMAILS_TEXT,
  'force[].auth_method': 'How these people sign in.',
  'force[].role': 'Their role.',
  'force[].groups': `${GROUPS_TEXT} They replace what was asked; [] is none.`,
  'force[].send_email': 'Whether Galileo mails them.',
  rules: 'Deny beats allow; what no rule allows is denied; one allow rule must allow the whole.',
  'rules[].id': ID_TEXT,
  'rules[].allow': 'The callers that this rule allows something. Never any.',
  'rules[].deny': 'The callers that this rule denies something, or any: everybody.',
  'rules[].domains': `${DOMAINS_TEXT} A deny rule with neither domains nor emails aims at everybody.`,
  'rules[].emails': EMAILS_TEXT,
  'rules[].roles': 'Roles, or any. An allow rule must say; left out of a deny rule: every role.',
  'rules[].auth_methods': 'Sign-in methods, or any. An allow rule must say; left out of a deny rule: every method.',
  'rules[].groups':
    'Allow: every group asked for must be listed; left out means no groups. Deny: hits when any group asked for is listed.',
  'rules[].until': 'YYYY-MM-DD. The rule ends at 00:00 UTC of that day.',
  'rules[].note':
    'One sentence of at most 200 characters, shown after the reason to callers whom this rule allows or denies something.',
  quotas: 'How much, over time or in one request. A changed limit keeps the counts.',
  'quotas[].id': ID_TEXT,
  'quotas[].per': 'What has a counter of its own. request: no counter, a limit on each request alone.',
  'quotas[].window': 'From 1m to 31d: a number and m, h or d. Fixed windows, aligned to 1970-01-01 00:00 UTC.',
  'quotas[].emails': 'At most so many addresses. Given back when Galileo refused or nothing was sent.',
  'quotas[].requests':
    'At most so many decided requests. Per subject, client_id and issuer refused ones count, too; per org and invitee only admitted ones. Never given back.',
  'quotas[].plus_addressing':
    'Only per invitee. fold: ann+1@acme.com counts as ann@acme.com. keep (the default): they are two people.',
  tests: 'What must hold. A file with a failing test is not taken.',
  'tests[].as': 'The caller who asks, by name.',
  'tests[].invite': 'An address, or a list of them in one request.',
  'tests[].role': 'The role asked for; user when left out.',
  'tests[].auth_method': 'The sign-in method asked for; email when left out.',
  'tests[].groups': `${GROUPS_TEXT} None when left out.`,
  'tests[].send_email': 'Whether a mail is asked for; true when left out.',
  'tests[].at': 'The moment: YYYY-MM-DD (its 00:00 UTC) or YYYY-MM-DDThh:mm:ssZ. Without it, until is ignored.',
  'tests[].expect': 'The verdict on the whole request.',
  'tests[].by': 'The rule, force row or quota that decided, for every address that decided the verdict.',
  'tests[].because': 'Exactly these reasons, in any order. Denials only.',
  'tests[].sends': 'These values go out. Allowed requests only.',
  'tests[].sends.auth_method': 'The sign-in method that goes out.',
  'tests[].sends.role': 'The role that goes out.',
  'tests[].sends.groups': `${GROUPS_TEXT} Exactly these go out, in any order.`,
  'tests[].sends.send_email': 'Whether a mail goes out.',
};

/** Adds descriptions and joins to a schema. `path` is its position, such as `rules[].until`. */
function annotate(schema: Schema, path: string): Schema {
  const { properties, items, additionalProperties, ...rest } = schema as {
    readonly properties?: Readonly<Record<string, Schema>>;
    readonly items?: Schema;
    readonly additionalProperties?: Schema | false;
  };
  const inside = (key: string): string => (path === '' ? key : `${path}.${key}`);
  const description = DESCRIPTIONS[path];
  return {
    ...(description === undefined ? {} : { description }),
    ...rest,
    ...(properties === undefined
      ? {}
      : {
          properties: Object.fromEntries(
            Object.entries(properties).map(([key, inner]) => [key, annotate(inner, inside(key))]),
          ),
        }),
    ...(items === undefined ? {} : { items: annotate(items, `${path}[]`) }),
    ...(additionalProperties === undefined
      ? {}
      : {
          additionalProperties: additionalProperties === false ? false : annotate(additionalProperties, inside('*')),
        }),
    ...JOINS[path],
  };
}
