import type { OxlintOverride } from 'oxlint';
import { defineConfig } from 'oxlint';
import {
  CLIENT_LACKS,
  CORE_GLOBALS,
  CORE_PROPERTIES,
  LADDER,
  mayImportPackage,
  PACKAGE_HOMES,
  RUNTIME_FILES,
} from './test/arch/walls.ts';

/**
 * What lint holds. The walls come from the tables in test/arch/walls.ts, so lint and the architecture tests cannot
 * disagree; test/arch/walls.test.ts plants a violation of each. A rule that is off says why.
 */

/** The places whose packages differ, from the general to the special: a later override replaces an earlier one. */
const PLACES = [
  ...Object.keys(LADDER).flatMap((part) => [`src/${part}.ts`, `src/${part}/`]),
  ...new Set(Object.values(PACKAGE_HOMES).flat()),
].toSorted((a, b) => Number(b.endsWith('/')) - Number(a.endsWith('/')));

/** Bans every package that does not live in `place`, by its exact name and its sub-paths. */
function packageWall(place: string): OxlintOverride {
  const isFolder = place.endsWith('/');
  const banned = Object.keys(PACKAGE_HOMES).filter(
    (name) => !mayImportPackage(isFolder ? `${place}any.ts` : place, name),
  );
  return {
    files: [isFolder ? `${place}**` : place],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: banned.map((name) => ({
            regex: name.endsWith(':') ? `^${name}` : `^${name}(/|$)`,
            message: `See PACKAGE_HOMES in test/arch/walls.ts: "${name}" does not live here.`,
          })),
        },
      ],
    },
  };
}

const OWN_FILES_ONLY = 'The client imports its own files only.';

export default defineConfig({
  options: { typeAware: true, denyWarnings: true, reportUnusedDisableDirectives: 'error' },
  plugins: ['eslint', 'typescript', 'unicorn', 'oxc', 'import', 'promise', 'vitest'],
  categories: { correctness: 'error', suspicious: 'error', perf: 'error' },
  ignorePatterns: [
    'client/src/api-types.ts',
    ...['node_modules', 'dist', 'coverage', 'data', '.wrangler'],
    // Its packages are installed when the bench runs, so their types are unknown here.
    'bench/peers',
  ],
  rules: {
    // Beyond the categories: what bites in a service that must not lose a promise, a case or a type.
    'typescript/no-explicit-any': 'error',
    'typescript/no-floating-promises': 'error',
    'typescript/no-misused-promises': 'error',
    'typescript/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    'typescript/only-throw-error': ['error', { allow: ['SyntaxFault'] }], // strict-json's own way out; a stack per hostile body is work for nothing.
    'typescript/prefer-promise-reject-errors': 'error',
    'typescript/return-await': ['error', 'error-handling-correctness-only'],
    'typescript/no-unsafe-argument': 'error',
    'typescript/no-unsafe-assignment': 'error',
    'typescript/no-unsafe-call': 'error',
    'typescript/no-unsafe-member-access': 'error',
    'typescript/no-unsafe-return': 'error',
    'typescript/no-deprecated': 'error',
    'typescript/no-misused-spread': ['error', { allow: [{ from: 'lib', name: 'string' }, 'string'] }], // Code points are what is meant.
    'typescript/no-non-null-assertion': 'error',
    'typescript/no-require-imports': 'error',
    'typescript/no-namespace': 'error',
    'typescript/no-unsafe-function-type': 'error',
    'typescript/ban-ts-comment': 'error',
    'typescript/prefer-nullish-coalescing': 'error',
    'typescript/restrict-plus-operands': 'error',
    'typescript/use-unknown-in-catch-callback-variable': 'error',
    'typescript/consistent-type-imports': 'error',
    'typescript/consistent-type-exports': 'error',
    'typescript/array-type': ['error', { default: 'array' }],
    'typescript/prefer-for-of': 'error',
    'typescript/prefer-readonly': 'error',
    'import/no-cycle': 'error',
    'import/no-commonjs': 'error',
    'import/no-duplicates': 'error',
    'import/no-mutable-exports': 'error',
    'import/first': 'error',
    'unicorn/prefer-node-protocol': 'error',
    'unicorn/filename-case': ['error', { case: 'kebabCase' }],
    'unicorn/throw-new-error': 'error',
    'unicorn/prefer-number-properties': 'error',
    'unicorn/no-abusive-eslint-disable': 'error',
    'unicorn/no-useless-promise-resolve-reject': 'error',
    'unicorn/no-static-only-class': 'error',
    'vitest/no-identical-title': 'error',
    'vitest/prefer-importing-vitest-globals': 'error',
    eqeqeq: 'error',
    'no-alert': 'error',
    'no-case-declarations': 'error',
    'no-console': 'error',
    'no-else-return': 'error',
    'no-empty': 'error',
    'no-fallthrough': 'error',
    'no-lonely-if': 'error',
    'no-new-func': 'error',
    'no-param-reassign': 'error',
    'no-proto': 'error',
    'no-self-compare': 'error',
    'no-sequences': 'error',
    'no-useless-return': 'error',
    'no-var': 'error',
    'object-shorthand': 'error',
    'prefer-const': 'error',

    // Off, with the reason.
    'no-await-in-loop': 'off', // Where order matters (a retry, a sweep, a page) a loop of awaits is the plain way to say so.
    'no-unmodified-loop-condition': 'off', // It cannot see what a callback changes.
    'oxc/no-map-spread': 'off', // Copying is what immutable plain data is for; nothing here is a hot loop.
    'unicorn/consistent-function-scoping': 'off', // Factories keep their steps inside on purpose.
    'typescript/no-unsafe-type-assertion': 'off', // `JSON.parse(x) as T` after a check is the boundary's own business; `any` is banned.
    'typescript/consistent-return': 'off', // tsc's noImplicitReturns does it with the types in hand.
    'unicorn/no-useless-spread': 'off', // It takes a string's `slice` for an array's; counting code points needs the spread.
    'import/no-unassigned-import': 'off',
    'import/no-named-as-default-member': 'off', // `fc.assert`, `pino.destination`: how those packages document themselves.
    'typescript/unbound-method': 'off', // Ports are written with method signatures and made by factories that know no `this`.
    'typescript/no-unnecessary-type-parameters': 'off', // `all<Row>(sql)` is the honest way to name what a query gives.
    'promise/always-return': 'off', // A `.then` for its effect is followed by nothing.
  },
  overrides: [
    {
      files: ['src/**'],
      excludeFiles: [...RUNTIME_FILES],
      rules: {
        'no-restricted-globals': [
          'error',
          ...Object.entries(CORE_GLOBALS).map(([name, message]) => ({ name, message })),
        ],
        'no-restricted-properties': [
          'error',
          ...CORE_PROPERTIES.map(([object, property, message]) => ({ object, property, message })),
        ],
      },
    },
    // The client runs in browsers, Node and Workers: what one of them lacks is not used, and no package is imported.
    {
      files: ['client/src/**'],
      rules: {
        'import/no-default-export': 'error',
        'no-restricted-globals': [
          'error',
          ...CLIENT_LACKS.map((name) => ({ name, message: 'Not in every runtime of the client.' })),
        ],
        'no-restricted-imports': ['error', { patterns: [{ regex: '^[^.]|^\\.\\./', message: OWN_FILES_ONLY }] }],
      },
    },
    {
      files: ['client/src/*/**'],
      rules: {
        'no-restricted-imports': ['error', { patterns: [{ regex: '^[^.]|^\\.\\./\\.\\./', message: OWN_FILES_ONLY }] }],
      },
    },
    // The console is a page in a browser. What it may import is in test/arch/import-rules.ts.
    {
      files: ['console/src/**'],
      rules: {
        'import/no-default-export': 'error',
        // What outlives a reload is in sessionStorage (session/kept), and nothing outlives the tab.
        'no-restricted-globals': [
          'error',
          ...['localStorage', 'indexedDB', 'caches', 'eval'].map((name) => ({
            name,
            message: 'The console keeps nothing beyond its tab, and runs no text.',
          })),
        ],
      },
    },
    // The form of a middleware: a factory, and inside it the step under the same name.
    { files: ['src/middleware/**'], rules: { 'no-shadow': 'off' } },
    { files: ['src/**'], rules: { 'import/no-default-export': 'error' } },
    ...PLACES.map(packageWall),
    // The stand-ins, the commands and the tools talk to a person at a terminal.
    { files: ['dev/**', 'bench/**', 'tools/**', 'src/cli/**', 'src/cli.ts'], rules: { 'no-console': 'off' } },
    {
      files: ['test/**'],
      rules: {
        'typescript/no-non-null-assertion': 'off', // A test that dereferences nothing fails, which is its task.
        'typescript/no-unsafe-assignment': 'off', // `expect.any` and parsed answers are `any` by nature.
        'typescript/no-unsafe-return': 'off',
        'vitest/expect-expect': 'off', // A property (fast-check) or a shared suite asserts elsewhere.
        'vitest/no-conditional-expect': 'off', // Tagged unions are narrowed before they are looked at.
        'vitest/no-conditional-tests': 'off', // Test data that is not there skips with a word.
        'vitest/no-standalone-expect': 'off',
        'vitest/valid-title': 'off', // Titles from tables.
        'vitest/require-to-throw-message': 'off',
        'vitest/no-disabled-tests': 'error',
        'vitest/no-focused-tests': 'error',
      },
    },
  ],
});
