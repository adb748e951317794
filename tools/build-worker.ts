/**
 * The build step of the Worker ([build] in wrangler.toml), which wrangler runs before it bundles. It checks the policy,
 * its tests included, and then writes into dist/worker:
 * - the parsed policy as JSON, and the main module that passes it to src/worker.ts, so the Worker needs no YAML parser;
 * - the static assets: the files of pages/, the console, and the published contract, because the code that makes it is larger than
 *   the document.
 * A policy with a failing test is never deployed.
 */
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { SERVICE_VERSION } from '../src/config/service.ts';
import { createOpenApi } from '../src/openapi/document.ts';
import type { PolicyProblem } from '../src/policy/load.ts';
import { readPolicy } from '../src/policy/load.ts';
import { runSelfTests } from '../src/policy/self-test.ts';
import { PLACEHOLDER_URL } from '../src/routes/pages/place-page.ts';
import { buildConsole } from './build-console.ts';

const OUT = new URL('../dist/worker/', import.meta.url);
/** Relative to the current folder, as on Node. */
const { POLICY_FILE: file = 'policy.yaml' } = process.env;

const MAIN = `// Written by tools/build-worker.ts, as wrangler's main: src/worker.ts with the policy of this build.
import { createWorker, LedgerObject } from '../../src/worker.ts';
import policy from './policy.json' with { type: 'json' };

export { LedgerObject };
export default createWorker(policy);
`;

function refuse(problems: readonly PolicyProblem[]): never {
  const lines = problems.map(({ line, column, message }) => `${file}:${String(line)}:${String(column)} ${message}\n`);
  process.stderr.write(`the Worker is not built: its policy is refused\n${lines.join('')}`);
  process.exit(1);
}

const text = await readFile(file, 'utf8').catch(() => {
  process.stderr.write(`the Worker is not built: ${file} cannot be read; set POLICY_FILE to the policy to build in\n`);
  return process.exit(1);
});
// The issuers are known only where the Worker runs. It refuses a policy that names another issuer.
const read = readPolicy(text, { issuers: 'any' });
if (read.kind === 'refused') refuse(read.problems);
const failed = read.locate(runSelfTests(read.file, read.policy));
if (failed.length > 0) refuse(failed);

const openApi = createOpenApi({ version: SERVICE_VERSION, publicUrl: PLACEHOLDER_URL });
await rm(new URL('assets/', OUT), { recursive: true, force: true });
await mkdir(OUT, { recursive: true });
await cp(new URL('../pages/', import.meta.url), new URL('assets/', OUT), { recursive: true });
await buildConsole(new URL('assets/console/', OUT));
await writeFile(new URL('assets/openapi.json', OUT), JSON.stringify(openApi));
await writeFile(new URL('policy.json', OUT), `${JSON.stringify(read.document)}\n`);
await writeFile(new URL('main.ts', OUT), MAIN);
process.stdout.write(
  `policy ${file} sha256:${read.policy.digest}, ${String(read.file.tests?.length ?? 0)} tests hold; written to ${fileURLToPath(OUT)}\n`,
);
