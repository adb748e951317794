/** Runs the policy commands with files from a table of texts. */
import { EXAMPLE_POLICY } from '../../../support/policy.ts';
import type { HarnessOptions, Ran } from '../cli-harness.ts';
import { runCommand } from '../cli-harness.ts';

export const FILES: Readonly<Record<string, string>> = {
  'policy.yaml': EXAMPLE_POLICY,
  'broken.yaml': EXAMPLE_POLICY.replace('roles: [user, read_only]', 'roles: [usr]').replace('$never]', '$nevr]'),
  'misspelt.yaml': EXAMPLE_POLICY.replace('domains: [$never]', 'domains: [$nevr]'),
  'failing.yaml': EXAMPLE_POLICY.replace('roles: [user, read_only]', 'roles: any'),
  'untested.yaml': 'version: 1\nrules: [{ id: stop, deny: any }]\n',
};

export async function runPolicy(
  line: string,
  { files = {}, ...options }: HarnessOptions & { readonly files?: Readonly<Record<string, string>> } = {},
): Promise<Ran> {
  const all: Readonly<Record<string, string>> = { ...FILES, ...files };
  return await runCommand(['policy', ...line.split(' ')], {
    ...options,
    deps: {
      async readText(path) {
        const text = all[path];
        if (text === undefined) throw new Error(`ENOENT: ${path}`);
        return text;
      },
      ...options.deps,
    },
  });
}
