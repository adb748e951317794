/**
 * How each shell block of README and docs is run, or the reason why it is not. A row names a block by page and by how it
 * begins. docs-commands.test.ts fails on a block without a row, and on a row without a block.
 */
export interface PlannedBlock {
  readonly page: string;
  readonly begins: string;
  /** Why no test runs it as it stands, and what is run in its place. */
  readonly notRun?: string;
  /** What a reader puts in place of a placeholder, or what differs on this machine. Each must occur. */
  readonly replace?: Readonly<Record<string, string>>;
  /** The exit code of each command; all 0 when left out. */
  readonly exits?: readonly number[];
  /** Each must occur in what the block prints. */
  readonly prints?: readonly string[];
}

const LOCAL_RUN = 'test/e2e/local-run.test.ts runs it';
const CLOUD = 'needs an account at Cloudflare; .ci/run runs deploy:check, and test/parity the Worker that is deployed';
const CLUSTER = 'needs a cluster; test/e2e/deploy/kubernetes.test.ts renders and checks the files';
const DOCKER = 'needs Docker; tools/image-check.sh builds and runs the image in .ci/run';
const WORKED_CASE = 'npm run docs:check carries the case out with the real commands, and compares what they print';

/** What the stage (stage.ts) knows, in `{braces}`. */
export const PLAN: readonly PlannedBlock[] = [
  { page: 'README.md', begins: 'npm start', notRun: `${LOCAL_RUN}; npm test is the run that this is part of` },
  { page: 'README.md', begins: 'TOKEN=', prints: ['HTTP/1.1 200 OK', '{"invited":1}'] },
  {
    page: 'README.md',
    begins: 'npm ci --omit=dev',
    replace: {
      'npm ci --omit=dev': ': the packages are here, and the Dockerfile runs it',
      '/run/secrets/galileo-api-key': '{keyFile}',
      'https://login.acme.com': '{issuer}',
      'https://invites.acme.com"}': 'galileo-invites"}',
      'npm run cli -- doctor': 'unset GALILEO_API_KEY POLICY_FILE LEDGER_URL; npm run cli -- doctor',
      'node --disable-sigusr1 src/node.ts': 'run_until_listening node --disable-sigusr1 src/node.ts',
    },
    prints: ['written policy.yaml: hr-portal may invite @acme.com', '"event":"listening"'],
  },
  { page: 'README.md', begins: 'npx wrangler login', notRun: CLOUD },
  { page: 'CONTRIBUTING.md', begins: 'npm start', notRun: `${LOCAL_RUN}; npm test is the run that this is part of` },
  { page: 'docs/audit-example.md', begins: 'npm run cli -- audit show', notRun: WORKED_CASE },
  { page: 'docs/audit-example.md', begins: 'npm run cli -- audit verify --lines invites', notRun: WORKED_CASE },
  { page: 'docs/audit-example.md', begins: 'npm run cli -- audit verify --lines edited', notRun: WORKED_CASE },
  {
    page: 'docs/audit-reference.md',
    begins: 'openssl genpkey',
    notRun: 'the stage runs it, for the key of the service',
  },
  {
    page: 'docs/audit-reference.md',
    begins: 'npm run cli -- audit verify --ledger',
    replace: { '/var/lib/galileo-invite-proxy/ledger.db': 'ledger.db' },
  },
  {
    page: 'docs/audit-reference.md',
    begins: 'npm run cli -- audit show REQUEST_ID',
    replace: { REQUEST_ID: '{requestId}', '2027-01': '{month}', ' --follow': '' },
    prints: ['ann@acme.com'],
  },
  {
    page: 'docs/audit-reference.md',
    begins: 'curl https://invites.acme.com',
    replace: { 'https://invites.acme.com': '{url}', '/ID/': '/{unknownId}/', 'curl ': 'TOKEN="$(kim)"; curl -i ' },
    prints: ['HTTP/1.1 200 OK', '"state":"accepted"'],
  },
  {
    page: 'docs/audit-reference.md',
    begins: 'npm run cli -- requests unknown',
    replace: { 'settle ID': 'settle {otherUnknownId}' },
    prints: ['{otherUnknownId}'],
  },
  { page: 'docs/audit.md', begins: 'openssl genpkey', notRun: 'the stage runs it, for the key of the service' },
  {
    page: 'docs/audit.md',
    begins: 'AUDIT_BUCKET=',
    notRun:
      'needs a bucket of S3; test/e2e/commands/audit-daily.test.ts runs the script with a program in the place of aws',
  },
  { page: 'docs/calling.md', begins: 'npm start', notRun: LOCAL_RUN },
  {
    page: 'docs/calling.md',
    begins: 'TOKEN=',
    prints: ['{"invited":1}', 'bo@notacme.com: no rule lets you invite this address.'],
  },
  { page: 'docs/calling.md', begins: 'curl "http', prints: ['"dry_run":true', '"decision":"deny"'] },
  { page: 'docs/calling.md', begins: 'curl http', prints: ['"state":"accepted"'] },
  { page: 'docs/deploy-node.md', begins: 'docker build', notRun: DOCKER },
  { page: 'docs/deploy-node.md', begins: 'docker compose up --build', notRun: DOCKER },
  { page: 'docs/deploy-node.md', begins: 'install -d', notRun: DOCKER },
  {
    page: 'docs/deploy-node.md',
    begins: 'HTTPS_PROXY=',
    notRun: 'settings, not commands; test/e2e/egress.test.ts uses them',
  },
  { page: 'docs/deploy-node.md', begins: 'node bench/start-time.ts', notRun: 'a measurement of several minutes' },
  { page: 'docs/deploy-node.md', begins: 'cd deploy/compose', notRun: DOCKER },
  { page: 'docs/deploy-node.md', begins: 'docker compose up --detach', notRun: DOCKER },
  {
    page: 'docs/deploy-node.md',
    begins: 'ROLLING_SECONDS',
    notRun: 'a test with PostgreSQL and HAProxy; .ci/run has it',
  },
  { page: 'docs/deploy-node.md', begins: 'kubectl create secret generic galileo-invite-proxy --', notRun: CLUSTER },
  { page: 'docs/deploy-node.md', begins: 'kubectl create secret generic galileo-invite-proxy \\', notRun: CLUSTER },
  {
    page: 'docs/deploy-node.md',
    begins: 'createuser',
    notRun: 'needs a server of its own; test/e2e/postgres starts one',
  },
  ...['pg_dump', 'psql', 'npm run cli -- ledger adopt'].map((begins) => ({
    page: 'docs/deploy-node.md',
    begins,
    notRun: 'needs a server of its own; test/e2e/postgres/commands/restored.test.ts runs it',
  })),
  {
    page: 'docs/deploy-node.md',
    begins: 'npm run cli -- ledger move',
    notRun: 'needs a server of its own; test/e2e/postgres/commands/move.test.ts runs it',
  },
  {
    page: 'docs/deploy-node.md',
    begins: 'LEDGER_URL=postgres',
    notRun: 'settings, not commands; test/e2e/postgres uses them',
  },
  {
    page: 'docs/deploy-node.md',
    begins: 'docker exec',
    notRun: `${DOCKER}; test/e2e/commands/restore.test.ts makes backups`,
  },
  { page: 'docs/deploy-workers.md', begins: 'npx wrangler login', notRun: CLOUD },
  { page: 'docs/deploy-workers.md', begins: 'curl -i https', notRun: CLOUD },
  { page: 'docs/deploy-workers.md', begins: 'npx wrangler kv', notRun: CLOUD },
  { page: 'docs/deploy-workers.md', begins: 'curl "https://api.cloudflare.com', notRun: CLOUD },
  { page: 'docs/identity-providers.md', begins: 'gcloud', notRun: 'needs an account at Google' },
  { page: 'docs/operations.md', begins: 'curl -s localhost', prints: ['"status":"ready"', 'refusals', '0 failed'] },
  {
    page: 'docs/policy.md',
    begins: 'npm run cli -- policy explain',
    exits: [1],
    prints: ['→ deny by hr-staff: roles'],
  },
];

/** docs/cli.md has one synopsis per command, with placeholders. The unit tests run each command. */
export const SYNOPSES = 'docs/cli.md';
