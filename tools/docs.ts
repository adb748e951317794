/**
 * Writes the generated pages of docs/, the types of the client, and the page that the service serves at /docs. With
 * --check it writes nothing, reports the pages that are out of date, and exits 1.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { describeOcsfMapping } from '../src/audit/format/describe-ocsf.ts';
import { describeCheckpointSchema, describeRecordSchema } from '../src/openapi/published-audit-schemas.ts';
import { COMMANDS } from '../src/cli/commands.ts';
import { describeCommands } from '../src/cli/command-line/describe-commands.ts';
import { describeEnvExample } from '../src/config/describe-env-example.ts';
import { describeSettingsSchema } from '../src/config/describe-schema.ts';
import { describeSettings } from '../src/config/describe.ts';
import { SERVICE_VERSION } from '../src/config/service.ts';
import { describeProblems } from '../src/openapi/describe-problems.ts';
import { createOpenApi } from '../src/openapi/document.ts';
import { EXAMPLE_EXCHANGES } from '../src/openapi/examples/exchanges.ts';
import { describePolicySchema } from '../src/policy/document/json-schema.ts';
import { PLACEHOLDER_URL } from '../src/routes/pages/place-page.ts';
import { describeForgeries } from '../test/attack/forgeries/describe-forgeries.ts';
import { describeWorkedCase } from '../test/support/example/describe-worked-case.ts';
import { describeCompatibility } from '../test/compatibility/describe-compatibility.ts';
import { describeFaults } from '../test/faults/describe-faults.ts';
import { PERFORMANCE_PAGES } from '../bench/report/performance-pages.ts';
import { describeApiTypes } from './api-types/describe-api-types.ts';
import { referencePage } from './reference/page.ts';
import { MISBEHAVIOURS } from '../dev/galileo-steps.ts';
import { PEOPLE } from '../dev/sign-in/people.ts';
import { DASHBOARDS } from './dashboards/dashboards.ts';
import { describeDashboard } from './dashboards/describe-dashboard.ts';
import { describeWorkersAlerts } from './workers-alerts.ts';
import { embedExamples } from './embed-examples.ts';

const root = new URL('../', import.meta.url);

const PAGES: Readonly<Record<string, () => string | Promise<string>>> = {
  '.env.example': describeEnvExample,
  'client/src/api-types.ts': describeApiTypes,
  ...Object.fromEntries(
    Object.entries(DASHBOARDS).map(([name, board]) => [`deploy/grafana/${name}.json`, () => describeDashboard(board)]),
  ),
  'deploy/workers/alerts.sql': describeWorkersAlerts,
  'docs/audit-checkpoint.schema.json': () => json(describeCheckpointSchema()),
  'docs/audit-example.md': describeWorkedCase,
  'docs/audit-ocsf.md': describeOcsfMapping,
  'docs/audit-record.schema.json': () => json(describeRecordSchema()),
  'docs/calling.md': () => withExamples('docs/calling.md'),
  'docs/cli.md': () => describeCommands(COMMANDS),
  'docs/compatibility.md': describeCompatibility,
  'docs/config.md': describeSettings,
  'docs/config.schema.json': () => json(describeSettingsSchema()),
  'docs/faults.md': describeFaults,
  'docs/forgeries.md': describeForgeries,
  ...PERFORMANCE_PAGES,
  'docs/policy.schema.json': () => json(describePolicySchema()),
  'docs/problems.md': describeProblems,
  'pages/docs/page.html': describeInterface,
};

/** The page does not know where it will be served, so its examples have an address that each deployment replaces. */
function describeInterface(): Promise<string> {
  const document = createOpenApi({ version: SERVICE_VERSION, publicUrl: PLACEHOLDER_URL });
  return referencePage(document, { exchanges: EXAMPLE_EXCHANGES, baseUrl: PLACEHOLDER_URL });
}

/** A page written by hand, with the files and tables that it shows. */
async function withExamples(path: string): Promise<string> {
  const read = async (name: string): Promise<string> => await readFile(new URL(name, root), 'utf8');
  const addresses = Object.entries(MISBEHAVIOURS).map(([name, { does }]) => [`\`${name}@\``, does]);
  const people = Object.entries(PEOPLE).map(([id, { about }]) => [`\`${id}\``, about]);
  return await embedExamples(await read(path), {
    readFile: read,
    tables: {
      misbehaviours: [['address', 'the stand-in Galileo'], ...addresses],
      people: [['sign in as', 'who'], ...people],
    },
  });
}

function json(schema: object): string {
  return `${JSON.stringify(schema, null, 2)}\n`;
}

const check = process.argv.includes('--check');

for (const [path, describe] of Object.entries(PAGES)) {
  const file = new URL(path, root);
  const text = await describe();
  if (!check) {
    await writeFile(file, text);
  } else if ((await readFile(file, 'utf8').catch(() => '')) !== text) {
    process.stderr.write(`${path} is out of date: run npm run docs\n`);
    process.exitCode = 1;
  }
}
