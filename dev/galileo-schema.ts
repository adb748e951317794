/**
 * Reads a request body as a FastAPI server built from the upstream schema does. The result is the values of the invite,
 * or the 422 `detail` with pydantic's error names and, like the real one, with `input`. It is as lax as the real one:
 * any text is an address, "yes" is a boolean, unknown members are ignored. Only the stand-in uses it; `src/` has its
 * own strict reader.
 */
export interface Invite {
  readonly auth_method: string;
  readonly emails: readonly string[];
  readonly role: string;
  readonly group_ids: readonly string[];
  readonly send_email: boolean;
}

export interface PydanticError {
  readonly type: string;
  readonly loc: readonly (string | number)[];
  readonly msg: string;
  readonly input: unknown;
}

export type ReadInvite =
  | { readonly kind: 'invite'; readonly invite: Invite }
  | { readonly kind: 'invalid'; readonly detail: readonly PydanticError[] };

const AUTH_METHODS = ['email', 'google', 'github', 'okta', 'azure-ad', 'custom', 'saml', 'invite'];
const ROLES = ['admin', 'manager', 'user', 'read_only'];
const TRUE_WORDS = new Set(['1', 'true', 'yes', 'on', 't', 'y']);
const FALSE_WORDS = new Set(['0', 'false', 'no', 'off', 'f', 'n']);

type Report = (type: string, loc: readonly (string | number)[], msg: string, input: unknown) => void;

/** `text` is the body as UTF-8. */
export function readInvite(contentType: string | undefined, text: string): ReadInvite {
  const detail: PydanticError[] = [];
  const report: Report = (type, loc, msg, input) => detail.push({ type, loc: ['body', ...loc], msg, input });
  const invite = readBody(contentType, text, report);
  return invite === null || detail.length > 0 ? { kind: 'invalid', detail } : { kind: 'invite', invite };
}

function readBody(contentType: string | undefined, text: string, report: Report): Invite | null {
  const body = text === '' ? null : parse(contentType, text, report);
  if (body === undefined) return null;
  if (body === null) {
    report('missing', [], 'Field required', null);
    return null;
  }
  if (typeof body !== 'object' || Array.isArray(body)) {
    report('model_attributes_type', [], 'Input should be a valid dictionary or object to extract fields from', body);
    return null;
  }
  const fields = new Map(Object.entries(body));
  const auth_method = readEnum(
    'auth_method',
    fields.get('auth_method') ?? missingOr(fields, 'auth_method', 'email'),
    AUTH_METHODS,
    report,
  );
  const emails = fields.has('emails') ? readEmails(fields.get('emails'), report) : [];
  if (!fields.has('emails')) report('missing', ['emails'], 'Field required', body);
  const role = readEnum('role', fields.get('role') ?? missingOr(fields, 'role', 'user'), ROLES, report);
  const group_ids = fields.has('group_ids') ? readGroupIds(fields.get('group_ids'), report) : [];
  const send_email = fields.has('send_email') ? readBoolean(fields.get('send_email'), report) : true;
  return { auth_method, emails, role, group_ids, send_email };
}

/** Undefined, and reported, when the text is not JSON. */
function parse(contentType: string | undefined, text: string, report: Report): unknown {
  // FastAPI parses only application/json and application/*+json. It passes any other body on as text.
  if (!/^application\/(?:[^;\s]+\+)?json\s*(?:;|$)/i.test(contentType ?? '')) return text;
  try {
    return JSON.parse(text);
  } catch (error) {
    const position = error instanceof Error ? /position (\d+)/.exec(error.message)?.[1] : undefined;
    report('json_invalid', [Number(position ?? 0)], 'JSON decode error', {});
    return undefined;
  }
}

/** An absent member takes its default; a member that is null does not. */
function missingOr(fields: ReadonlyMap<string, unknown>, name: string, preset: string): string | null {
  return fields.has(name) ? null : preset;
}

function readEnum(name: string, value: unknown, members: readonly string[], report: Report): string {
  if (typeof value === 'string' && members.includes(value)) return value;
  const listed = members.map((member) => `'${member}'`);
  report('enum', [name], `Input should be ${listed.slice(0, -1).join(', ')} or ${listed.at(-1)}`, value);
  return '';
}

function readEmails(value: unknown, report: Report): string[] {
  if (!Array.isArray(value)) {
    report('list_type', ['emails'], 'Input should be a valid list', value);
    return [];
  }
  if (value.length === 0)
    report('too_short', ['emails'], 'List should have at least 1 item after validation, not 0', value);
  return value.filter((item: unknown, index): item is string => {
    if (typeof item !== 'string') report('string_type', ['emails', index], 'Input should be a valid string', item);
    return typeof item === 'string';
  });
}

function readGroupIds(value: unknown, report: Report): string[] {
  if (Array.isArray(value)) return value.map((item: unknown, index) => readUuid(item, index, report));
  report('list_type', ['group_ids'], 'Input should be a valid list', value);
  return [];
}

function readUuid(item: unknown, index: number, report: Report): string {
  const loc = ['group_ids', index];
  if (typeof item !== 'string') {
    report('uuid_type', loc, 'UUID input should be a string, bytes or UUID object', item);
    return '';
  }
  const hex = /^[0-9a-f]{8}(-?)[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{12}$/i.test(item)
    ? item.replaceAll('-', '').toLowerCase()
    : null;
  if (hex === null) {
    const reason = `invalid length: expected length 32 for simple format, found ${item.length}`;
    report('uuid_parsing', loc, `Input should be a valid UUID, ${reason}`, item);
    return '';
  }
  if (!/^.{12}4.{3}[89ab]/.test(hex)) report('uuid_version', loc, 'UUID version 4 expected', item);
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

function readBoolean(value: unknown, report: Report): boolean {
  if (typeof value === 'boolean') return value;
  if (value === 0 || value === 1) return value === 1;
  const word = typeof value === 'string' ? value.toLowerCase() : null;
  if (word !== null && TRUE_WORDS.has(word)) return true;
  if (word !== null && FALSE_WORDS.has(word)) return false;
  if (word !== null || Number.isSafeInteger(value)) {
    report('bool_parsing', ['send_email'], 'Input should be a valid boolean, unable to interpret input', value);
  } else {
    report('bool_type', ['send_email'], 'Input should be a valid boolean', value);
  }
  return false;
}
