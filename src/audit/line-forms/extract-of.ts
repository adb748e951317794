import { isObject, parseObject } from '../../lib/parse-object.ts';

/**
 * Whether an object has the members of one record or checkpoint, as a log store extracts them from a line for its
 * searches: Splunk with `_json`, `| json` of Loki, a JSON processor that adds to the root. Names are joined with dots or
 * underscores, `{}` marks a list, and values may be texts. Members may be missing and others may be added, but none says
 * anything else than the line. Pure.
 */
export function isExtractOf(object: Json, text: string): boolean {
  const line = parseObject(text);
  if (line === null) return false;
  const said = new Map<string, Set<string>>();
  for (const [path, value] of leavesOf(line)) said.set(path, (said.get(path) ?? new Set()).add(value));
  const names = Object.keys(line);
  return leavesOf(object).every(([path, value]) => {
    if (OF_THE_STORE.test(path)) return true;
    const values = said.get(path.replace(EXTRACTED, ''));
    return values?.has(value) ?? !names.some((name) => isIn(path, name));
  });
}

type Json = Readonly<Record<string, unknown>>;

/** Splunk names the input of an event `source`; Loki has a label for each attribute of an OTLP resource. */
const OF_THE_STORE = /^(?:source|service_.+)$/;

/** Loki adds it to a name that a label has already. */
const EXTRACTED = /_extracted$/;

function isIn(path: string, name: string): boolean {
  return path === name || path.startsWith(`${name}_`);
}

/** Each value that is no object and no list, with its path. Without recursion: a hostile value may have any depth. */
function leavesOf(root: Json): readonly (readonly [path: string, value: string])[] {
  const leaves: (readonly [string, string])[] = [];
  const waiting: (readonly [string, unknown])[] = [['', root]];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [path, value] = next;
    if (Array.isArray(value)) for (const inner of value) waiting.push([path, inner]);
    else if (isObject(value)) {
      for (const [name, inner] of Object.entries(value))
        waiting.push([path === '' ? asName(name) : `${path}_${asName(name)}`, inner]);
    } else leaves.push([path, String(value)]);
  }
  return leaves;
}

function asName(name: string): string {
  return name.replaceAll('{}', '').replaceAll(/[^A-Za-z0-9]+/g, '_');
}
