/**
 * From the text of a policy file to a policy in force, or to every problem it has, each with its line and column.
 * YAML 1.2 core and less: no aliases, anchors, tags, directives, merge keys or repeated keys, because a reviewer
 * must read the same file as the machine. Nothing is half loaded. Messages name keys, rules and callers, never addresses.
 */
import type { ParsedNode } from 'yaml';
import { Composer, isMap, isScalar, isSeq, LineCounter, Parser } from 'yaml';
import { canonicalJson } from '../lib/canonical-json.ts';
import { sha256Hex } from '../lib/sha256.ts';
import type { CompiledPolicy } from './compile.ts';
import { compilePolicy } from './compile.ts';
import type { Finding } from './findings.ts';
import { findingsOf } from './findings.ts';
import { checkReferences } from './references.ts';
import { policyFileSchema } from './schema.ts';
import { runSelfTests } from './self-test.ts';

export interface PolicyProblem {
  /** From 1, as editors count. */
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

export type PolicyLoaded =
  | { readonly kind: 'loaded'; readonly policy: CompiledPolicy }
  /** In file order; at least one. */
  | { readonly kind: 'refused'; readonly problems: readonly PolicyProblem[] };

export interface LoadPolicyOptions {
  /** Short names of the configured issuers: a caller may pin only these. */
  readonly issuers: readonly string[];
}

/** UTF-16 units. A deny list of 100,000 domains is half of it. */
const MAX_LENGTH = 4 * 1024 * 1024;
/** A policy needs 6; the parser recurses. */
const MAX_DEPTH = 16;
const MAX_PROBLEMS = 100;

/** A problem by where it is in the text. */
interface Fault {
  readonly offset: number;
  readonly message: string;
}

type Token = ReturnType<Parser['parse']> extends Iterable<infer T> ? T : never;

export function loadPolicy(text: string, { issuers }: LoadPolicyOptions): PolicyLoaded {
  const lines = new LineCounter();
  const refused = (faults: readonly Fault[]): PolicyLoaded => ({
    kind: 'refused',
    problems: faults
      .toSorted((a, b) => a.offset - b.offset)
      .slice(0, MAX_PROBLEMS)
      .map(({ offset, message }) => {
        const { line, col } = lines.linePos(offset);
        return { line: Math.max(1, line), column: Math.max(1, col), message };
      }),
  });
  if (text.length > MAX_LENGTH)
    return refused([{ offset: 0, message: `the file is longer than ${MAX_LENGTH} characters` }]);

  const tokens = [...new Parser(lines.addNewLine).parse(text)];
  const forbidden = forbiddenSyntax(tokens);
  if (forbidden.length > 0) return refused(forbidden);
  const root = composeOne(tokens, text.length);
  if (Array.isArray(root)) return refused(root);

  const faults: Fault[] = [];
  const value = toPlain(root, faults);
  if (faults.length > 0) return refused(faults);
  const place = (finding: Finding): Fault => ({ offset: offsetOf(root, finding), message: finding.message });

  const parsed = policyFileSchema.safeParse(value);
  if (!parsed.success) return refused(parsed.error.issues.flatMap((issue) => findingsOf(issue, value)).map(place));
  const dangling = checkReferences(parsed.data, issuers);
  if (dangling.length > 0) return refused(dangling.map(place));
  const policy = compilePolicy(parsed.data, sha256Hex(canonicalJson(value)));
  const failed = runSelfTests(parsed.data, policy);
  return failed.length > 0 ? refused(failed.map(place)) : { kind: 'loaded', policy };
}

const FORBIDDEN: Readonly<Record<string, string>> = {
  alias: 'aliases are not allowed: write the value out, or name a set',
  anchor: 'anchors are not allowed',
  tag: 'tags are not allowed',
  directive: 'directives are not allowed: the file is YAML 1.2',
};

/** Looks at the tokens, before anything is resolved. Its own stack: the depth is what it guards. */
function forbiddenSyntax(tokens: readonly Token[]): Fault[] {
  const faults: Fault[] = [];
  const open: { readonly node: unknown; readonly depth: number }[] = tokens.map((node) => ({ node, depth: 0 }));
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { node, depth } = next;
    if (typeof node !== 'object' || node === null) continue;
    const { type, offset = 0, items } = node as { type?: string; offset?: number; items?: unknown };
    const message = FORBIDDEN[type ?? ''];
    if (message !== undefined) faults.push({ offset, message });
    const inner = Array.isArray(items) ? depth + 1 : depth;
    if (inner > MAX_DEPTH) return [{ offset, message: `nested deeper than ${MAX_DEPTH} levels` }];
    for (const child of Array.isArray(node) ? node : Object.values(node)) open.push({ node: child, depth: inner });
  }
  return faults;
}

function composeOne(tokens: readonly Token[], length: number): ParsedNode | Fault[] {
  // Repeated keys are found by toPlain: the library compares every key with every other.
  const composer = new Composer({
    version: '1.2',
    schema: 'core',
    merge: false,
    stringKeys: true,
    uniqueKeys: false,
    logLevel: 'silent',
  });
  const [document, second] = [...composer.compose(tokens, true, length)];
  if (document === undefined || document.contents === null) return [{ offset: 0, message: 'the file is empty' }];
  if (second !== undefined) return [{ offset: second.range[0], message: 'one document only' }];
  const faults = [...document.errors, ...document.warnings].map(({ pos, message }) => ({
    offset: pos[0],
    message: withoutSource(message),
  }));
  return faults.length > 0 ? faults : document.contents;
}

/** The library quotes the text it stumbled over, after a colon or as an escape: that may be part of somebody's address. */
function withoutSource(message: string): string {
  return `not YAML: ${message.replace(/(?<=\w): .*$|\s*\\.*$/s, '')}`;
}

/** Plain data for what the nodes say, with own keys only; what JSON cannot hold is a fault. */
function toPlain(node: unknown, faults: Fault[]): unknown {
  if (isSeq<ParsedNode>(node)) return node.items.map((item) => toPlain(item, faults));
  if (isMap<ParsedNode, ParsedNode | null>(node)) {
    const seen = new Set<string>();
    const entries = node.items.map(({ key, value }): [string, unknown] => {
      const name = String(isScalar(key) ? key.value : key);
      const offset = key.range[0];
      if (seen.has(name)) faults.push({ offset, message: 'this key is here twice' });
      if (name === '__proto__' || !name.isWellFormed()) faults.push({ offset, message: 'this cannot be a key' });
      seen.add(name);
      return [name, toPlain(value, faults)];
    });
    return Object.fromEntries(entries);
  }
  const value: unknown = isScalar(node) ? node.value : null;
  const fits = typeof value === 'string' ? value.isWellFormed() : typeof value !== 'number' || Number.isFinite(value);
  if (!fits && isScalar(node)) faults.push({ offset: node.range?.[0] ?? 0, message: 'this has no JSON form' });
  return value;
}

/** Where a path leads, or as far along it as the file goes. An empty value is where its key is. */
function offsetOf(root: ParsedNode, { path, at }: Finding): number {
  let node: unknown = root;
  let offset = root.range[0];
  for (const [index, step] of path.entries()) {
    if (isMap<ParsedNode, ParsedNode | null>(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step));
      if (pair === undefined) return offset;
      const ofKey = at === 'key' && index === path.length - 1;
      offset = ((ofKey ? null : pair.value) ?? pair.key).range[0];
      node = pair.value;
    } else if (isSeq<ParsedNode>(node)) {
      const item = node.items[Number(step)];
      offset = item?.range[0] ?? offset;
      node = item;
    } else return offset;
  }
  return offset;
}
