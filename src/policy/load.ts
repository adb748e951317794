/**
 * Loads a policy from the text of a file. The result is a policy, or every problem of the file with line and column.
 * Accepted is YAML 1.2 core without aliases, anchors, tags, directives, merge keys or repeated keys, because a reviewer
 * must read the same file as the machine. A file is never loaded in part. Messages name keys, rules and callers, never
 * addresses. This is the only file that parses YAML; read-document checks the parsed document.
 */
import type { ParsedNode } from 'yaml';
import { Composer, CST, isMap, isScalar, isSeq, Lexer, LineCounter, Parser } from 'yaml';
import { codePointOf, findInvisible } from '../lib/text/invisible-text.ts';
import type { CompiledPolicy } from './compile.ts';
import { advise } from './document/advice/advise.ts';
import { forbiddenToken, syntaxAdvice } from './document/advice/yaml-advice.ts';
import type { DocumentProblem } from './document/problems.ts';
import type { LoadPolicyOptions } from './document/read-document.ts';
import { readDocument } from './document/read-document.ts';
import type { PolicyFile } from './document/schema.ts';
import { runSelfTests } from './self-test.ts';

export interface PolicyProblem {
  /** Counted from 1, as in editors. */
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

export type PolicyLoaded =
  /** `canonical`: the RFC 8785 text of the document, which has the policy's digest. */
  | { readonly kind: 'loaded'; readonly policy: CompiledPolicy; readonly canonical: string }
  /** In file order; at least one. */
  | { readonly kind: 'refused'; readonly problems: readonly PolicyProblem[] };

/** A valid file; its tests have not been run. For tools: the service uses `loadPolicy`. */
export type PolicyRead =
  | {
      readonly kind: 'read';
      readonly file: PolicyFile;
      readonly policy: CompiledPolicy;
      /** The parsed document, which the digest covers. */
      readonly document: unknown;
      /** Its RFC 8785 text. */
      readonly canonical: string;
      /** Adds lines and columns to problems of this file, and puts them in file order. */
      readonly locate: (problems: readonly DocumentProblem[]) => readonly PolicyProblem[];
    }
  | Extract<PolicyLoaded, { kind: 'refused' }>;

/** UTF-16 code units. A deny list of 100,000 domains takes half of them. */
const MAX_LENGTH = 4 * 1024 * 1024;
/** A policy needs 6 levels. There is a limit because the parser recurses. */
const MAX_DEPTH = 16;
const MAX_PROBLEMS = 100;

/** A problem by its position in the text. */
interface Fault {
  readonly offset: number;
  readonly message: string;
}

export function loadPolicy(text: string, options: LoadPolicyOptions): PolicyLoaded {
  const read = readPolicy(text, options);
  if (read.kind === 'refused') return read;
  const { file, policy, canonical, locate } = read;
  const failed = runSelfTests(file, policy);
  return failed.length > 0 ? { kind: 'refused', problems: locate(failed) } : { kind: 'loaded', policy, canonical };
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
  const tokenFaults = [...read.faults, ...invisibleCharacters(text)];
  if (tokenFaults.length > 0) return refused(tokenFaults);
  const root = composeOne(read.tokens, text.length);
  if (Array.isArray(root)) return refused(mergeMark(text) ?? root);

  const faults: Fault[] = [];
  const document = toPlain(root, faults);
  if (faults.length > 0) return refused(faults);
  const place = (problem: DocumentProblem): Fault => ({ offset: offsetOf(root, problem), message: problem.message });

  const judged = readDocument(document, options);
  if (judged.kind === 'refused') return refused(advise(judged.problems, document).map(place));
  const { file, policy, canonical } = judged;
  return { kind: 'read', file, policy, document, canonical, locate: (problems) => withLines(problems.map(place)) };
}

/** One fault per line, also in comments: what a reviewer sees must be what is there. */
function invisibleCharacters(text: string): Fault[] {
  const faults: Fault[] = [];
  let offset = 0;
  for (const line of text.split('\n')) {
    const visible = line.replaceAll(/[\t\r]/g, ' ');
    const at = findInvisible(visible);
    if (at !== null) {
      const character = codePointOf(visible.slice(at));
      faults.push({ offset: offset + at, message: `an invisible character, ${character}: a reviewer cannot see it` });
    }
    offset += line.length + 1;
  }
  return faults;
}

/**
 * The document's tokens, and a fault for each forbidden one. Each lexeme is checked as soon as the lexer returns it,
 * before anything is resolved. So the depth is bounded during parsing, and 100,000 domains are read only once.
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
  let before = '';
  for (const word of new Lexer().lex(text)) {
    const { offset } = parser;
    const type = isText ? 'scalar' : CST.tokenType(word);
    const message = type === null ? null : forbiddenToken(type, word, before);
    if (message !== null) faults.push({ offset, message });
    if (isText) before = word;
    // The lexeme after this mark is the text of a scalar, whatever it begins with.
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
  // toPlain finds repeated keys, because the library compares every key with every other.
  const composer = new Composer({
    version: '1.2',
    schema: 'core',
    merge: false,
    stringKeys: true,
    uniqueKeys: false,
    logLevel: 'silent',
  });
  const [document, second] = [...composer.compose(tokens, true, length)];
  if (second !== undefined) return [{ offset: second.range[0], message: 'one document only: remove the line ---' }];
  if (document === undefined || isNothing(document.contents)) return [{ offset: 0, message: EMPTY }];
  const faults = [...document.errors, ...document.warnings].map(({ pos, message }) => ({
    offset: pos[0],
    message: withoutSource(message),
  }));
  return faults.length > 0 ? faults : document.contents;
}

const EMPTY = 'the file is empty: write version: 1 and rules: [] to allow nothing';

function isNothing(contents: ParsedNode | null): contents is null {
  return contents === null || (isScalar(contents) && contents.value === null && contents.source === '');
}

/** What a merge leaves in a file until its conflict is resolved. It explains all faults behind it. */
function mergeMark(text: string): Fault[] | null {
  const offset = text.search(/^<{7}(?:\s|$)/m);
  return offset < 0 ? null : [{ offset, message: 'not YAML: an unresolved merge conflict (<<<<<<<): keep one side' }];
}

/** Removes the source text that the library quotes, after a colon or as an escape: it may be part of an address. */
function withoutSource(message: string): string {
  return `not YAML: ${message.replace(/(?<=\w): .*$|\s*\\.*$/s, '')}${syntaxAdvice(message)}`;
}

/** Turns nodes into plain data with own keys only. A value that JSON cannot express is a fault. */
function toPlain(node: unknown, faults: Fault[]): unknown {
  if (isSeq<ParsedNode>(node)) return node.items.map((item) => toPlain(item, faults));
  if (isMap<ParsedNode, ParsedNode | null>(node)) {
    const seen = new Set<string>();
    const entries = node.items.map(({ key, value }): [string, unknown] => {
      const name = String(isScalar(key) ? key.value : key);
      const offset = key.range[0];
      if (seen.has(name)) faults.push({ offset, message: 'this key is here twice: keep one' });
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

/** The offset of the node at a path, or of the last node on the path that exists. An empty value is at its key. */
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
