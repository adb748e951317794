import { isIP } from 'node:net';
import { OCSF } from './ocsf-facts.ts';

/**
 * Checks an event against the OCSF schema of its class (ocsf-facts): unknown attributes, required attributes, types,
 * enumerations with their captions, and declared profiles. Returns the faults, each with its place.
 */
export function ocsfFaults(event: Json, className: string): string[] {
  const profiles = (event['metadata'] as { profiles?: readonly string[] } | undefined)?.profiles ?? [];
  return checkObject(event, className, '', profiles);
}

type Json = Readonly<Record<string, unknown>>;

interface Attribute {
  readonly type: string;
  readonly list: boolean;
  readonly required: boolean;
  readonly deprecated: boolean;
  readonly profile: string | null;
  /** The attribute that holds the caption, and the captions by value. */
  readonly sibling: string | null;
  readonly captions: ReadonlyMap<string, string> | null;
}

function attributeOf(fact: string): Attribute {
  const [head = '', members] = fact.split(': ');
  const [shape = '', sibling = null] = (members === undefined ? fact : head).split(' ');
  const parts = /^(?<type>\w+)(?<list>\[\])?(?<required>!)?(?<deprecated>~)?(?:@(?<profile>\w+))?$/.exec(shape)?.groups;
  if (parts === undefined) throw new Error(`no fact: ${fact}`);
  return {
    type: parts['type'] ?? '',
    list: parts['list'] !== undefined,
    required: parts['required'] !== undefined,
    deprecated: parts['deprecated'] !== undefined,
    profile: parts['profile'] ?? null,
    sibling: sibling === '' ? null : sibling,
    captions:
      members === undefined
        ? null
        : new Map(members.split(', ').map((pair) => pair.split('=') as [value: string, caption: string])),
  };
}

function checkObject(value: Json, name: string, place: string, profiles: readonly string[]): string[] {
  const facts = OCSF[name];
  if (facts === undefined) return [`${place}: no facts about ${name}`];
  const { $at_least_one: oneOf, ...attributes } = facts;
  const missing = Object.entries(attributes).flatMap(([attribute, fact]) => {
    const { required, profile } = attributeOf(fact);
    const due = required && (profile === null || profiles.includes(profile));
    return due && !(attribute in value) ? [`${place}${attribute}: required`] : [];
  });
  const alone =
    oneOf === undefined || oneOf.split(' ').some((attribute) => attribute in value)
      ? []
      : [`${place}: none of ${oneOf}`];
  const present = Object.entries(value).flatMap(([attribute, inner]) => {
    const fact = attributes[attribute];
    if (fact === undefined) return [`${place}${attribute}: no attribute of ${name}`];
    return checkAttribute(inner, attributeOf(fact), value, `${place}${attribute}`, profiles);
  });
  return [...missing, ...alone, ...present];
}

function checkAttribute(
  value: unknown,
  attribute: Attribute,
  beside: Json,
  place: string,
  profiles: readonly string[],
): string[] {
  const { type, list, deprecated, profile, sibling, captions } = attribute;
  if (deprecated) return [`${place}: deprecated`];
  if (profile !== null && !profiles.includes(profile)) return [`${place}: needs the profile ${profile}`];
  if (list) {
    if (!Array.isArray(value)) return [`${place}: a list`];
    return value.flatMap((item, index) => checkType(item, type, `${place}[${index}]`, profiles));
  }
  const faults = checkType(value, type, place, profiles);
  if (captions === null) return faults;
  const caption = captions.get(String(value));
  if (caption === undefined) return [...faults, `${place}: ${String(value)} is not one of its values`];
  // For 99 (Other) the source chooses the caption.
  const reported = sibling === null ? undefined : beside[sibling];
  const fits = reported === undefined || value === 99 || reported === caption;
  return fits ? faults : [...faults, `${place}: ${caption} is called ${JSON.stringify(reported)}`];
}

const isText = (value: unknown): boolean => typeof value === 'string';
const isWhole = (value: unknown): boolean => Number.isSafeInteger(value);

const TYPES: Readonly<Record<string, (value: unknown) => boolean>> = {
  string_t: isText,
  username_t: isText,
  resource_uid_t: isText,
  integer_t: isWhole,
  long_t: isWhole,
  timestamp_t: isWhole,
  boolean_t: (value) => typeof value === 'boolean',
  json_t: () => true,
  ip_t: (value) => typeof value === 'string' && isIP(value) !== 0,
  // The one object without attributes of its own (`unmapped`).
  object: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
};

function checkType(value: unknown, type: string, place: string, profiles: readonly string[]): string[] {
  const fits = TYPES[type];
  if (fits !== undefined) return fits(value) ? [] : [`${place}: not ${type}`];
  if (typeof value !== 'object' || value === null) return [`${place}: not an object`];
  return checkObject(value as Json, type, `${place}.`, profiles);
}
