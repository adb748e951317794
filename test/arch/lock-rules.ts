import type { Rule, Violation } from './rule.ts';
import type { FileMap } from './source-tree.ts';

/**
 * The rules for every package-lock.json: `npm start` and `npm test` install from the one at the root in a bare clone, and
 * e2e tests from others. A lock must be complete for every platform (`npm ci` refuses it otherwise) and name no registry. It must hold an integrity hash for
 * each package that a supported platform installs.
 */
interface LockedPackage {
  readonly resolved?: string;
  readonly integrity?: string;
  readonly link?: boolean;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** The project's, and those of packages that only tests install. */
const LOCK = /(?:^|\/)package-lock\.json$/;

export const LOCK_RULES: readonly Rule[] = [
  {
    promise: 'names one Node for the project, editors and CI',
    check: (files) => {
      const { version = '' } = JSON.parse(files.get('tools/node/package.json') ?? '{}') as { version?: string };
      const named = files.get('.node-version')?.trim() ?? '';
      return named === version ? [] : [{ file: '.node-version', problem: `says "${named}", tools/node "${version}"` }];
    },
  },
  {
    promise: 'keeps registry addresses out of the lock',
    check: overPackages((path, { resolved = '' }) =>
      /^\w+:\/\//.test(resolved) ? `${path} is resolved to an address` : null,
    ),
  },
  {
    promise: 'locks every optional package of every platform',
    check: (files) =>
      locks(files).flatMap(([file, packages]) =>
        Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
          Object.keys(optionalDependencies)
            .filter(
              (name) =>
                packages[`node_modules/${name}`] === undefined &&
                packages[`${path}/node_modules/${name}`] === undefined,
            )
            .map((name) => ({ file, problem: `${name} (of ${path}) is not locked; npm ci will refuse` })),
        ),
      ),
  },
  {
    promise: 'holds an integrity for everything that Linux will install',
    check: overPackages((path, row) =>
      path.includes('node_modules/') && row.link !== true && row.integrity === undefined && runsOnOurLinux(row)
        ? `${path} has no integrity`
        : null,
    ),
  },
];

function runsOnOurLinux({ os = ['linux'], cpu = ['x64'], libc = ['glibc'] }: LockedPackage): boolean {
  return os.includes('linux') && (cpu.includes('x64') || cpu.includes('arm64')) && libc.includes('glibc');
}

function locks(files: FileMap): (readonly [file: string, packages: Readonly<Record<string, LockedPackage>>])[] {
  const found = [...files].filter(([file]) => LOCK.test(file));
  return found.map(([file, text]) => {
    const lock = JSON.parse(text) as { packages?: Record<string, LockedPackage> };
    return [file, lock.packages ?? {}];
  });
}

function overPackages(problemOf: (path: string, row: LockedPackage) => string | null): Rule['check'] {
  return (files) =>
    locks(files).flatMap(([file, packages]) =>
      Object.entries(packages).flatMap(([path, row]): Violation[] => {
        const problem = problemOf(path, row);
        return problem === null ? [] : [{ file, problem }];
      }),
    );
}
