import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The repository's files as plain data, so that a rule runs on a planted file exactly as on the real ones.
 * This is not a TypeScript parser. It recognizes comments, strings, templates and regular expressions well enough to
 * separate code from text, and import statements well enough to list them.
 */
export type FileMap = ReadonlyMap<string, string>;

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

const SKIPPED = new Set(['node_modules', '.git', 'data', 'dist', 'coverage', '.wrangler']);
const TEXT =
  /\.(?:ts|tsx|mjs|js|json|md|toml|ya?ml|sh|html|css|txt)$|(?:^|\/)(?:Dockerfile|\.[a-z]+rc|\.gitignore|\.node-version|run)$/;

/** All text files of the repository, by their path from the root, with `/` on every platform. */
export function readTree(root: string = ROOT): FileMap {
  const files = new Map<string, string>();
  const walk = (folder: string): void => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      if (SKIPPED.has(entry.name)) continue;
      const path = posix.join(folder, entry.name);
      if (entry.isDirectory()) walk(path);
      else if (entry.isFile() && TEXT.test(path)) files.set(path, readFileSync(join(root, path), 'utf8'));
    }
  };
  walk('');
  return files;
}

export interface Import {
  readonly specifier: string;
  /** True for `import type` and `export type`, which are erased before anything runs. */
  readonly typeOnly: boolean;
}

const STATEMENT =
  /(?:^|[;}\n])\s*(?:import|export)\b(\s+type\b(?!\s*(?:,|from\b)))?[^;'"`()=]*?\bfrom\s*['"]([^'"\n]+)['"]/g;
const SIDE_EFFECT = /(?:^|[;}\n])\s*import\s*['"]([^'"\n]+)['"]/g;
const CALL = /\b(?:import|require)\s*\(\s*['"`]([^'"`\n]+)['"`]/g;

/** The imports and re-exports in `text`, static or by a call with a literal, in no particular order. */
export function importsOf(text: string): Import[] {
  const code = blank(text, { comments: true, strings: false });
  return [
    ...Array.from(code.matchAll(STATEMENT), (m) => ({ specifier: m[2] ?? '', typeOnly: m[1] !== undefined })),
    ...Array.from(code.matchAll(SIDE_EFFECT), (m) => ({ specifier: m[1] ?? '', typeOnly: false })),
    ...Array.from(code.matchAll(CALL), (m) => ({ specifier: m[1] ?? '', typeOnly: false })),
  ];
}

/** The code alone: comments and the contents of strings become blanks. Line numbers do not change. */
export const codeOf = (text: string): string => blank(text, { comments: true, strings: true });

/** The comments alone, in the same way. */
export function commentsOf(text: string): string {
  const code = blank(text, { comments: true, strings: false });
  return [...text].map((char, i) => (char === '\n' || char !== code[i] ? char : ' ')).join('');
}

/**
 * Matches comments, strings, templates without their substitutions, and regular expressions where an expression may
 * begin.
 */
const LEXEME = new RegExp(
  [
    String.raw`(?<comment>\/\/[^\n]*|\/\*[\s\S]*?\*\/)`,
    String.raw`(?<string>'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")`,
    String.raw`(?<template>\`(?:[^\`\\]|\\[\s\S])*\`)`,
    String.raw`(?<=(?:^|[=(,:;!&|?{}[\]+>]|\breturn)\s*)(?<regex>\/(?![*/])(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*)`,
  ].join('|'),
  'gm',
);

function blank(text: string, what: { readonly comments: boolean; readonly strings: boolean }): string {
  return text.replace(LEXEME, (lexeme: string, ...rest: unknown[]) => {
    const groups = rest.at(-1) as Record<string, string | undefined>;
    if (groups['comment'] !== undefined) return what.comments ? spaces(lexeme) : lexeme;
    if (!what.strings) return lexeme;
    // A template's substitutions are code.
    if (groups['template'] !== undefined) return lexeme.replace(/(?:^`|\})[^$]*?(?:\$\{|`$)/g, spaces);
    return `${lexeme[0]}${spaces(lexeme.slice(1, -1))}${lexeme.at(-1) ?? ''}`;
  });
}

const spaces = (text: string): string => text.replace(/[^\n]/g, ' ');
