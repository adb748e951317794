/**
 * The shape of the policy file: its keys and their values. It is strict at every level, so that a misspelt key is an
 * error and never a rule that silently lost a condition. compile and evaluate define the meaning; references checks
 * the names. There are no transforms, because the digest covers the parsed file. `meta` has the part of a check that
 * JSON Schema can express (json-schema.ts); it is never stricter than the check itself.
 */
import * as z from 'zod';
import { emailAddress } from '../../contract/email-address.ts';
import { AUTH_METHODS, MAX_GROUP_IDS, USER_ROLES } from '../../contract/invite-users.ts';
import { holdsInvisible } from '../../lib/text/invisible-text.ts';
import { UUID_V4 } from '../../lib/uuid.ts';
import { isDomainPattern } from '../matching/domain-pattern.ts';

/** Names of sets, groups, callers, rules and quotas. They appear in header fields, metrics and answers. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;
/** An RFC 3339 time in UTC with whole seconds, or a day (its 00:00 UTC). */
const INSTANT = /^\d{4}-\d{2}-\d{2}(?:T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\dZ)?$/;
const WINDOW = /^[1-9]\d{0,4}[mhd]$/;
/** UUID_V4 without its flag, for JSON Schema. */
const UUID_SHAPE = UUID_V4.source.replaceAll('a-f', 'a-fA-F').replace('[89ab]', '[89abAB]');
const DOMAIN_SHAPE = '^(?:\\*\\.)?[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$';

const MINUTE_MS = 60_000;
const UNIT_MS: Readonly<Record<string, number>> = { m: MINUTE_MS, h: 60 * MINUTE_MS, d: 1440 * MINUTE_MS };
const EXPECTED_WINDOW = 'expected a window from 1m to 31d: a number and m, h or d';
const MAX_WINDOW_MS = 31 * 1440 * MINUTE_MS;

/** Milliseconds of a window such as `1m`, `6h` or `31d`; null when the text is no window or not within 1m..31d. */
export function windowMs(text: string): number | null {
  if (!WINDOW.test(text)) return null;
  const ms = Number(text.slice(0, -1)) * (UNIT_MS[text.slice(-1)] ?? Number.NaN);
  return ms <= MAX_WINDOW_MS ? ms : null;
}

/** Milliseconds since the epoch of a day (its 00:00 UTC) or of a time; null when the text is neither. */
export function instantMs(text: string): number | null {
  const [day = '', time = '00:00:00Z'] = text.split('T');
  return INSTANT.test(text) && z.iso.date().safeParse(day).success ? Date.parse(`${day}T${time}`) : null;
}

const name = z.string().regex(NAME, { error: 'expected a name: letters, digits, "_", "-" or ".", at most 64' });
const domain = z
  .string()
  .refine(isDomainPattern, {
    error: 'expected a domain in lower-case ASCII such as acme.com, or "*.acme.com" for its sub-domains',
  })
  .meta({ pattern: DOMAIN_SHAPE });
const setOrDomain = z
  .string()
  .refine((text) => text.startsWith('$') || isDomainPattern(text), {
    error: 'expected $set, a domain in lower-case ASCII such as acme.com, or "*.acme.com" for its sub-domains',
  })
  .meta({ pattern: `^\\$|${DOMAIN_SHAPE}` });
const email = z
  .string()
  // `*@acme.com` is an address by its grammar, but matches no invited address: a deny rule with it would have no effect.
  .refine((text) => emailAddress(text)?.local.includes('*') === false, { error: 'expected an e-mail address' })
  .meta({ pattern: '^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$' });
const uuid = z
  .string()
  .regex(UUID_V4, { error: 'expected a version 4 UUID with dashes' })
  .meta({ pattern: UUID_SHAPE });
const setOrUuid = z
  .string()
  .refine((text) => text.startsWith('$') || UUID_V4.test(text), {
    error: 'expected $name of a group, or a version 4 UUID with dashes',
  })
  .meta({ pattern: `^\\$|${UUID_SHAPE}` });
const day = z.iso.date({ error: 'expected a day of the calendar, YYYY-MM-DD: the first one without the rule' });
const instant = z
  .string()
  .refine((text) => instantMs(text) !== null, { error: 'expected YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ' })
  .meta({ pattern: INSTANT.source });
const text = z
  .string()
  .min(1, { error: 'expected a text that is not empty' })
  .max(512)
  .refine((value) => !holdsInvisible(value), { error: 'an invisible character: a reviewer cannot see it' });
const MAX_NOTE_LENGTH = 200;
const note = z
  .string()
  .max(MAX_NOTE_LENGTH, { error: `expected at most ${MAX_NOTE_LENGTH} characters` })
  .refine((value) => value !== '' && value === value.trim(), { error: 'expected a sentence without blanks around it' })
  .refine((value) => !holdsInvisible(value), { error: 'expected one line without invisible characters' })
  .meta({ minLength: 1 });
const role = z.enum(USER_ROLES);
const authMethod = z.enum(AUTH_METHODS);
const limit = z.int({ error: 'expected a whole number' }).min(1, { error: 'expected at least 1' }).max(1_000_000_000);

/** A list has at least one entry. An empty one would look like a condition but have no effect. */
function listOf<T extends z.ZodType>(item: T) {
  return z.array(item).min(1, { error: 'expected at least one entry' });
}

function anyOr<T extends z.ZodType>(list: T) {
  return z.union([z.literal('any'), list], { error: 'expected a list, or any' });
}

const target = { domains: listOf(setOrDomain).optional(), emails: listOf(email).optional() };

const caller = z.strictObject({
  issuer: text,
  client_id: listOf(text).optional(),
  subject: listOf(text).optional(),
  groups: listOf(text).optional(),
  kind: z.enum(['user', 'app']).optional(),
});

export const FORCEABLE = ['auth_method', 'role', 'groups', 'send_email'] as const;

const force = z
  .strictObject({
    id: name,
    ...target,
    auth_method: authMethod.optional(),
    role: role.optional(),
    groups: z
      .array(setOrUuid)
      .max(MAX_GROUP_IDS, { error: `expected at most ${MAX_GROUP_IDS} groups: one request goes to Galileo` })
      .optional(),
    send_email: z.boolean().optional(),
  })
  .superRefine((row, ctx) => {
    if (!hasTarget(row)) addIssue(ctx, [], 'a forced value needs domains or emails to apply to');
    if (FORCEABLE.every((field) => row[field] === undefined))
      addIssue(ctx, [], `nothing is forced: name one of ${FORCEABLE.join(', ')}`);
  });

const rule = z
  .strictObject({
    id: name,
    allow: listOf(text).optional(),
    deny: anyOr(listOf(text)).optional(),
    ...target,
    roles: anyOr(listOf(role)).optional(),
    auth_methods: anyOr(listOf(authMethod)).optional(),
    groups: anyOr(z.array(setOrUuid)).optional(),
    until: day.optional(),
    note: note.optional(),
  })
  .superRefine((row, ctx) => {
    if ((row.allow === undefined) === (row.deny === undefined))
      addIssue(ctx, [], 'a rule has exactly one of allow and deny');
    if (row.deny !== undefined && row.groups?.length === 0) addIssue(ctx, ['groups'], 'expected at least one entry');
    if (row.allow === undefined) return;
    if (!hasTarget(row))
      addIssue(ctx, [], 'an allow rule needs domains or emails: what it allows is always written out');
    if (row.roles === undefined) addIssue(ctx, [], 'an allow rule needs roles: a list, or any');
    if (row.auth_methods === undefined) addIssue(ctx, [], 'an allow rule needs auth_methods: a list, or any');
  });

export const QUOTA_SCOPES = ['request', 'subject', 'client_id', 'issuer', 'org', 'invitee'] as const;

const quota = z
  .strictObject({
    id: name,
    per: z.enum(QUOTA_SCOPES),
    window: z
      .string({ error: EXPECTED_WINDOW })
      .refine((value) => windowMs(value) !== null, { error: EXPECTED_WINDOW })
      .meta({ pattern: WINDOW.source })
      .optional(),
    emails: limit.optional(),
    requests: limit.optional(),
    plus_addressing: z.enum(['keep', 'fold']).optional(),
  })
  .superRefine((row, ctx) => {
    if ((row.emails === undefined) === (row.requests === undefined))
      addIssue(ctx, [], 'a quota has exactly one of emails and requests');
    if (row.per !== 'request' && row.window === undefined) addIssue(ctx, [], `a quota per ${row.per} needs a window`);
    if (row.per === 'request' && row.window !== undefined)
      addIssue(ctx, ['window'], 'a limit per request has no window');
    if (row.per === 'request' && row.requests !== undefined)
      addIssue(ctx, ['requests'], 'a limit per request counts emails');
    if (row.per !== 'invitee' && row.plus_addressing !== undefined)
      addIssue(ctx, ['plus_addressing'], 'only a quota per invitee tells addresses apart');
  });

const test = z
  .strictObject({
    as: text,
    invite: z.union([text, listOf(text)], { error: 'expected an address, or a list of them' }),
    role: role.optional(),
    auth_method: authMethod.optional(),
    groups: z.array(setOrUuid).optional(),
    send_email: z.boolean().optional(),
    at: instant.optional(),
    expect: z.enum(['allow', 'deny']),
    by: name.optional(),
    because: z.union([name, listOf(name)], { error: 'expected a key, or a list of them' }).optional(),
    sends: z
      .strictObject({
        auth_method: authMethod.optional(),
        role: role.optional(),
        groups: z.array(setOrUuid).optional(),
        send_email: z.boolean().optional(),
      })
      .optional(),
  })
  .superRefine((row, ctx) => {
    if (row.expect === 'allow' && row.because !== undefined) addIssue(ctx, ['because'], 'only a denial has reasons');
    if (row.expect === 'deny' && row.sends !== undefined) addIssue(ctx, ['sends'], 'a denied invite sends nothing');
  });

export const policyFileSchema = z.strictObject({
  version: z.literal(1, { error: 'expected 1' }),
  domains: z.record(name, listOf(domain)).optional(),
  groups: z.record(name, uuid).optional(),
  callers: z.record(name, caller).optional(),
  force: z.array(force).optional(),
  rules: z.array(rule),
  quotas: z.array(quota).optional(),
  tests: z.array(test).optional(),
});

export type PolicyFile = z.infer<typeof policyFileSchema>;
export type RuleRow = PolicyFile['rules'][number];
export type ForceRow = NonNullable<PolicyFile['force']>[number];
export type QuotaRow = NonNullable<PolicyFile['quotas']>[number];
export type TestRow = NonNullable<PolicyFile['tests']>[number];
export type CallerRow = NonNullable<PolicyFile['callers']>[string];
export type QuotaScope = (typeof QUOTA_SCOPES)[number];

function hasTarget(row: { readonly domains?: unknown; readonly emails?: unknown }): boolean {
  return row.domains !== undefined || row.emails !== undefined;
}

function addIssue(ctx: z.RefinementCtx, path: readonly string[], message: string): void {
  ctx.addIssue({ code: 'custom', path: [...path], message });
}
