/**
 * From the text of a policy file to a policy in force, or to every problem it has, each with its line and column.
 * YAML 1.2 core and less: no aliases, anchors, tags, directives, merge keys or repeated keys, because a reviewer
 * must read the same file as the machine. Nothing is half loaded. Messages name keys, rules and callers, never addresses.
 * What the document says is judged by read-document, which knows no YAML; this file is the only one that does.
 */
import type { ParsedNode } from 'yaml';
import { Composer, CST, isMap, isScalar, isSeq, Lexer, LineCounter, Parser } from 'yaml';
import type { CompiledPolicy } from './compile.ts';
import type { DocumentProblem } from './document/problems.ts';
import type { LoadPolicyOptions } from './document/read-document.ts';
import { readDocument } from './document/read-document.ts';
import type { PolicyFile } from './document/schema.ts';
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

/** A file that is in order but for its tests, which nobody has run. For tools: the service wants `loadPolicy`. */
export type PolicyRead =
  | {
      readonly kind: 'read';
      readonly file: PolicyFile;
      readonly policy: CompiledPolicy;
      /** The parsed document as it stands in the file: what the digest is of. */
      readonly document: unknown;
      /** Findings about this file with their lines and columns, in file order. */
      readonly locate: (findings: readonly DocumentProblem[]) => readonly PolicyProblem[];
    }
  | Extract<PolicyLoaded, { kind: 'refused' }>;

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

export function loadPolicy(text: string, options: LoadPolicyOptions): PolicyLoaded {
  const read = readPolicy(text, options);
  if (read.kind === 'refused') return read;
  const { file, policy, locate } = read;
  const failed = runSelfTests(file, policy);
  return failed.length > 0 ? { kind: 'refused', problems: locate(failed) } : { kind: 'loaded', policy };
}

export function readPolicy(text: string, options: LoadPolicyOptions): PolicyRead {
  const lines = new LineCounter();
  const withLines = (faults: readonly Fault[]): readonly PolicyProblem[] =>
    faults
      .toSorted((a, b) => a.offset - b.offset)
      .slice(0, MAX_PROBLEMS)
      .map(({ offset, message }) => {
        const { line, col } = lines.linePos(offset);
        return { line: Math.max(1, line), column: Math.max(1, col), message };
      });
  const refused = (faults: readonly Fault[]): PolicyRead => ({ kind: 'refused', problems: withLines(faults) });
  if (text.length > MAX_LENGTH)
    return refused([{ offset: 0, message: `the file is longer than ${MAX_LENGTH} characters` }]);

  const read = readTokens(text, lines);
  if (read.faults.length > 0) return refused(read.faults);
  const root = composeOne(read.tokens, text.length);
  if (Array.isArray(root)) return refused(root);

  const faults: Fault[] = [];
  const document = toPlain(root, faults);
  if (faults.length > 0) return refused(faults);
  const place = (finding: DocumentProblem): Fault => ({ offset: offsetOf(root, finding), message: finding.message });

  const judged = readDocument(document, options);
  if (judged.kind === 'refused') return refused(judged.findings.map(place));
  const { file, policy } = judged;
  return { kind: 'read', file, policy, document, locate: (findings) => withLines(findings.map(place)) };
}

const FORBIDDEN: Readonly<Record<string, string>> = {
  alias: 'aliases are not allowed: write the value out, or name a set',
  anchor: 'anchors are not allowed',
  tag: 'tags are not allowed',
  'directive-line': 'directives are not allowed: the file is YAML 1.2',
};

/**
 * The document's tokens, or what may not be in it. Looks at each word as the lexer gives it, before anything is
 * resolved: the depth is guarded while it grows, and a list of 100,000 domains is gone through once.
 */
function readTokens(
  text: string,
  lines: LineCounter,
): { readonly tokens: readonly CST.Token[]; readonly faults: readonly Fault[] } {
  const parser = new Parser(lines.addNewLine);
  const tokens: CST.Token[] = [];
  const faults: Fault[] = [];
  lines.addNewLine(0);
  let isText = false;
  for (const word of new Lexer().lex(text)) {
    const { offset } = parser;
    const type = isText ? 'scalar' : CST.tokenType(word);
    const message = FORBIDDEN[type ?? ''];
    if (message !== undefined) faults.push({ offset, message });
    // What follows this mark is a scalar's own text, whatever it begins with.
    isText = word === CST.SCALAR;
    for (const token of parser.next(word)) tokens.push(token);
    if (parser.stack.length > MAX_DEPTH && parser.stack.filter((open) => 'items' in open).length > MAX_DEPTH) {
      return { tokens, faults: [{ offset, message: `nested deeper than ${MAX_DEPTH} levels` }] };
    }
  }
  tokens.push(...parser.end());
  return { tokens, faults };
}

function composeOne(tokens: readonly CST.Token[], length: number): ParsedNode | Fault[] {
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
function offsetOf(root: ParsedNode, { path, at }: DocumentProblem): number {
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
