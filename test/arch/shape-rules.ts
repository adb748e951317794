import { posix } from 'node:path';
import type { Rule } from './rule.ts';
import { codeUnder } from './rule.ts';
import type { FileMap } from './source-tree.ts';
import { codeOf, commentsOf } from './source-tree.ts';

/** The rules for the shape of a file: its name, size, exports and head comment, and the code it may not contain. */
const OWN_CODE = ['src', 'dev', 'test', 'tools', 'bench', 'client', 'console'] as const;
const MAX_LINES = 300;
/** A file up to this many lines needs no head comment. */
const SELF_EVIDENT_LINES = 12;
const VAGUE_FOLDERS = new Set([
  'utils',
  'util',
  'helpers',
  'helper',
  'common',
  'services',
  'service',
  'manager',
  'managers',
  'misc',
  'shared',
]);
const KEBAB = /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.(?:test|contract|config))?\.(?:tsx?|mjs|js)$/;
const REVEALERS = new Set([
  'src/upstream/request.ts',
  'src/upstream/api-keys.ts',
  'src/lib/secret.ts',
  'src/platform/node/http-client/tunnel.ts',
]);

export const SHAPE_RULES: readonly Rule[] = [
  {
    promise: `keeps every file of src/ within ${String(MAX_LINES)} lines`,
    check: (files) =>
      codeUnder(files, 'src')
        .map(([file, text]) => ({ file, lines: text.trimEnd().split('\n').length }))
        .filter(({ lines }) => lines > MAX_LINES)
        .map(({ file, lines }) => ({ file, problem: `${String(lines)} lines; it wants to be two things` })),
  },
  {
    promise: 'names folders after what is in them',
    check: (files) =>
      codeUnder(files, ...OWN_CODE)
        .filter(([path]) =>
          posix
            .dirname(path)
            .split('/')
            .some((folder) => VAGUE_FOLDERS.has(folder)),
        )
        .map(([file]) => ({ file, problem: 'lies in a folder whose name says nothing' })),
  },
  {
    promise: 'names files in kebab-case',
    check: (files) =>
      codeUnder(files, ...OWN_CODE)
        .filter(([path]) => !KEBAB.test(posix.basename(path)))
        .map(([file]) => ({ file, problem: 'is not kebab-case' })),
  },
  {
    promise: 'has no barrels',
    check: (files) =>
      codeUnder(files, 'src', 'dev')
        .filter(([path, text]) => posix.basename(path) === 'index.ts' || /\bexport\s*\*/.test(codeOf(text)))
        .map(([file]) => ({ file, problem: 'is a barrel; import from the file that has it' })),
  },
  {
    promise: 'exports by name',
    check: matches(['src', 'dev'], /\bexport\s+default\b|\bas\s+default\b/, 'has a default export'),
  },
  {
    promise: 'has no enums and no namespaces',
    check: matches(
      OWN_CODE,
      /^\s*(?:export\s+)?(?:declare\s+)?(?:const\s+)?(?:enum|namespace)\s+\w/m,
      'declares an enum or a namespace',
    ),
  },
  {
    promise: 'prefixes no interface with I',
    check: matches(OWN_CODE, /\b(?:interface|type|class)\s+I[A-Z][a-z]{2}/, 'has a type prefixed with I'),
  },
  {
    promise: 'opens every file of src/ by saying what it is',
    check: (files) =>
      codeUnder(files, 'src')
        .filter(([, text]) => text.trimEnd().split('\n').length > SELF_EVIDENT_LINES && !hasHeadComment(text))
        .map(([file]) => ({ file, problem: 'has no comment before its first declaration' })),
  },
  {
    promise: 'leaves no promise to itself without an issue',
    check: (files) =>
      codeUnder(files, ...OWN_CODE)
        .filter(([, text]) => /\b(?:TODO|FIXME|XXX|HACK)\b(?!\s*\(?#\d)/.test(commentsOf(text)))
        .map(([file]) => ({ file, problem: 'leaves work undone without an issue number' })),
  },
  {
    promise: 'reveals a secret only where it is put to use',
    check: (files) =>
      codeUnder(files, 'src')
        .filter(
          ([path, text]) => !REVEALERS.has(path) && (/\breveal\b/.test(codeOf(text)) || /\[\s*['"`]reveal/.test(text)),
        )
        .map(([file]) => ({ file, problem: 'reveals a secret' })),
  },
  {
    promise: 'makes every answer with the fields of every answer',
    check: matches(
      ['src'],
      /\bc\s*\.\s*(?:header|body|json|text|html|redirect|newResponse)\s*\(/,
      'makes an answer of its own; use middleware/answers/respond',
      // For operators alone, on its own port.
      (path) => path === 'src/routes/operations/ops-app.ts',
    ),
  },
  {
    promise: 'reads the time in the core from the Clock port alone',
    check: matches(
      ['src'],
      /\bnew\s+Date\s*(?:\(\s*\)|(?!\s*\())|(?<!\bnew\s+)(?<![.\w])Date\s*\(/,
      'asks the machine for the time',
      (path) => /^src\/(?:platform|cli)\/|^src\/(?:node|worker|cli)\.ts$/.test(path),
    ),
  },
  {
    promise: 'tests with doubles at ports, never by patching modules, time or globals',
    check: matches(
      ['test'],
      /\bvi\s*\.\s*(?:mock|doMock|hoisted|useFakeTimers|setSystemTime|stubGlobal|stubEnv|spyOn)\b/,
      'patches what it tests',
    ),
  },
  {
    promise: 'cleans up after a test by hooks of that test, where files of tests share a module',
    check: matches(
      ['test'],
      /^(?:after|before)(?:Each|All)\(/m,
      'has a hook for the first file alone that imports it; use onTestFinished',
      (path) => path.endsWith('.test.ts'),
    ),
  },
  {
    promise: 'names no place on anybody’s machine',
    check: (files) =>
      [...files]
        .filter(([, text]) => /(?<![\w.:/-])\/(?:work|root|Users|home(?!\/node\b))\/[\w.-]/.test(text))
        .map(([file]) => ({ file, problem: 'names a path of one machine' })),
  },
];

/** A rule over code alone. Strings and comments are not checked. */
function matches(
  folders: readonly string[],
  pattern: RegExp,
  problem: string,
  except: ReadonlySet<string> | ((path: string) => boolean) = new Set(),
): Rule['check'] {
  const excused = typeof except === 'function' ? except : (path: string) => except.has(path);
  return (files: FileMap) =>
    codeUnder(files, ...folders)
      .filter(([path, text]) => !excused(path) && pattern.test(codeOf(text)))
      .map(([file]) => ({ file, problem }));
}

/** Whether the first thing after the imports (or before them) is a comment. */
function hasHeadComment(text: string): boolean {
  const rest = text.replace(/^#!.*\n/, '').trimStart();
  if (/^\/[/*]/.test(rest)) return true;
  const afterImports = rest.replace(/^(?:import\b[^'"]*(?:from\s*)?['"][^'"]+['"](?:\s*with\s*\{[^}]*\})?;?\s*)+/, '');
  return /^\/[/*]/.test(afterImports);
}
