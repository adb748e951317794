import { posix } from 'node:path';
import type { FileMap } from './source-tree.ts';
import { importsOf } from './source-tree.ts';
import type { Rule, Violation } from './rule.ts';
import { codeUnder } from './rule.ts';
import { LADDER, mayImportPackage, PACKAGE_HOMES } from './walls.ts';

/**
 * The import rules of src/, checked on its text. A type import counts like a value import: both tie the core to a
 * runtime.
 */
/** What the console may import beside its own files. The client proves itself by it. */
const OF_CONSOLE = new Set([
  'galileo-invite-client',
  'galileo-invite-client/audit',
  'preact',
  'preact/hooks',
  '@preact/signals',
  'oauth4webapi',
]);

export const IMPORT_RULES: readonly Rule[] = [
  {
    promise: 'gives every file of src/ a place on the ladder',
    check: (files) =>
      codeUnder(files, 'src')
        .filter(([path]) => LADDER[partOf(path)] === undefined)
        .map(([file]) => ({ file, problem: `"${partOf(file)}" is no part of the ladder` })),
  },
  {
    promise: 'climbs the ladder in one direction',
    check: (files) =>
      edges(files).flatMap(({ file, from, to, target }) =>
        from === to || target.startsWith('../') || LADDER[from]?.includes(to) === true || !target.startsWith('src/')
          ? []
          : [{ file, problem: `${from} may not import ${to} (${target})` }],
      ),
  },
  {
    promise: 'keeps stand-ins, tests and tools out of src/',
    check: (files) =>
      edges(files)
        .filter(({ target }) => !target.startsWith('src/'))
        .map(({ file, target }) => ({ file, problem: `src/ may not import ${target}` })),
  },
  { promise: 'has no circle of files', check: (files) => circles(edges(files).map((e) => [e.file, e.target])) },
  {
    promise: 'has no circle of parts',
    check: (files) =>
      circles(
        edges(files)
          .filter((e) => e.from !== e.to)
          .map((e) => [e.from, e.to]),
      ),
  },
  {
    promise: 'keeps each package where it lives',
    check: (files) =>
      codeUnder(files, 'src').flatMap(([file, text]) =>
        importsOf(text)
          .map(({ specifier }) => specifier)
          .filter((specifier) => !specifier.startsWith('.') && !mayImportPackage(file, packageOf(specifier)))
          .map((specifier) => ({ file, problem: `"${specifier}" does not live here` })),
      ),
  },
  {
    promise: 'builds the console on its own files, the client and four packages',
    check: (files) =>
      codeUnder(files, 'console').flatMap(([file, text]) =>
        importsOf(text)
          .filter(({ specifier }) =>
            specifier.startsWith('.')
              ? !posix.join(posix.dirname(file), specifier).startsWith('console/')
              : !OF_CONSOLE.has(specifier),
          )
          .map(({ specifier }) => ({ file, problem: `the console may not import "${specifier}"` })),
      ),
  },
  {
    promise: 'lets deps.ts name types only',
    check: (files) =>
      importsOf(files.get('src/deps.ts') ?? '')
        .filter(({ typeOnly }) => !typeOnly)
        .map(({ specifier }) => ({ file: 'src/deps.ts', problem: `imports a value from ${specifier}` })),
  },
  {
    promise: 'writes every relative import with its ending',
    check: (files) =>
      codeUnder(files, 'src', 'dev', 'test', 'tools', 'console').flatMap(([file, text]) =>
        importsOf(text)
          .filter(({ specifier }) => /^\.{1,2}\//.test(specifier) && !/\.(?:tsx?|mjs|js|json|css)$/.test(specifier))
          .map(({ specifier }) => ({ file, problem: `"${specifier}" has no ending` })),
      ),
  },
];

interface Edge {
  readonly file: string;
  readonly target: string;
  readonly from: string;
  readonly to: string;
}

/** All relative imports of src/, resolved to paths from the root. */
function edges(files: FileMap): Edge[] {
  return codeUnder(files, 'src').flatMap(([file, text]) =>
    importsOf(text)
      .filter(({ specifier }) => specifier.startsWith('.'))
      .map(({ specifier }) => {
        const target = posix.join(posix.dirname(file), specifier);
        return { file, target, from: partOf(file), to: partOf(target) };
      }),
  );
}

/**
 * `src/policy/load.ts` → `policy`, `src/platform/node/ledger/open-ledger.ts` → `platform/node`, `src/app.ts` → `app`.
 */
function partOf(path: string): string {
  const [, first = '', second = '', third = ''] = path.split('/');
  if (first === 'platform') return third === 'service.ts' ? `${first}/${second}/service` : `${first}/${second}`;
  return first.replace(/\.ts$/, '');
}

function packageOf(specifier: string): string {
  const scheme = /^(?:node|cloudflare):/.exec(specifier);
  if (scheme !== null) return scheme[0];
  const [first = '', second = ''] = specifier.split('/');
  const name = first.startsWith('@') ? `${first}/${second}` : first;
  return Object.hasOwn(PACKAGE_HOMES, name) ? name : specifier;
}

/** Depth-first search. Each cycle is reported once, from the node where the search entered it. */
function circles(arrows: readonly (readonly [from: string, to: string])[]): Violation[] {
  const next = Map.groupBy(arrows, ([from]) => from);
  const done = new Set<string>();
  const found: Violation[] = [];
  const visit = (node: string, trail: readonly string[]): void => {
    const seen = trail.indexOf(node);
    if (seen >= 0) found.push({ file: node, problem: `circle: ${[...trail.slice(seen), node].join(' → ')}` });
    if (seen >= 0 || done.has(node)) return;
    for (const to of new Set(next.get(node)?.map(([, target]) => target))) visit(to, [...trail, node]);
    done.add(node);
  };
  for (const node of next.keys()) visit(node, []);
  return found;
}
