import { describe, expect, it } from 'vitest';
import type { FileFacts, Image, ImageConfig } from '../../tools/image-rules.ts';
import { IMAGE_RULES } from '../../tools/image-rules.ts';

/**
 * The rules that .ci/run applies to a built image (tools/image-check.sh). Each rule is tried on an image that breaks it
 * and on one that does not. No image is built here, so a rule that never fails would not be noticed otherwise.
 */
const FOLDER: FileFacts = { uid: 0, mode: 0o755 };
const FILE: FileFacts = { uid: 0, mode: 0o644 };

const sbomOf = (...packages: readonly string[]): string =>
  JSON.stringify({
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    metadata: { component: { name: 'proxy', version: '1.2.3' } },
    components: packages.map((id) => ({ name: id.slice(0, id.lastIndexOf('@')), version: id.split('@').at(-1) })),
  });

const CONFIG: ImageConfig = {
  User: 'node',
  Env: ['PATH=/bin', 'HOST=0.0.0.0', 'LEDGER_URL=sqlite:/var/lib/proxy/ledger.db'],
  Cmd: ['node', '--disable-sigusr1', 'src/node.ts'],
  Healthcheck: { Test: ['CMD', 'node', '/app/deploy/healthcheck.ts'] },
  Volumes: { '/var/lib/proxy': {} },
  Labels: {
    'org.opencontainers.image.title': 'proxy',
    'org.opencontainers.image.version': '1.2.3',
    'galileo-invite-proxy.sbom': '/app/sbom.cdx.json',
    'galileo-invite-proxy.sbom.media-type': 'application/vnd.cyclonedx+json; version=1.5',
  },
  StopSignal: 'SIGTERM',
};

const GOOD: Image = {
  config: CONFIG,
  app: new Map([
    ['deploy/', FOLDER],
    ['deploy/healthcheck.ts', FILE],
    ['dist/', FOLDER],
    ['dist/console/page.html', FILE],
    ['node_modules/', FOLDER],
    ['node_modules/@a/b/', FOLDER],
    ['node_modules/@a/b/test/', FOLDER],
    ['package.json', FILE],
    ['pages/', FOLDER],
    ['pages/docs/page.html', FILE],
    ['sbom.cdx.json', FILE],
    ['src/', FOLDER],
    ['src/node.ts', FILE],
  ]),
  commands: ['node', 'nodejs'],
  ledgerFolder: { uid: 1000, mode: 0o700 },
  sbom: sbomOf('@a/b@1.0.0', 'c@2.0.0'),
  packages: ['@a/b@1.0.0', 'c@2.0.0'],
  project: {
    name: 'proxy',
    version: '1.2.3',
    devPaths: new Set(['node_modules/vitest', 'node_modules/@a/b-dev']),
    secretSettings: ['GALILEO_API_KEY'],
  },
};

const configured = (config: ImageConfig): Image => ({ ...GOOD, config: { ...CONFIG, ...config } });
const labelled = (labels: Readonly<Record<string, string>>): Image =>
  configured({ Labels: { ...CONFIG.Labels, ...labels } });
const withFile = (path: string, facts: FileFacts = FILE): Image => ({
  ...GOOD,
  app: new Map([...GOOD.app, [path, facts]]),
});

const BROKEN: Readonly<Record<string, readonly Image[]>> = {
  'runs as node': [configured({ User: 'root' }), configured({ User: '' })],
  'starts node itself as its first process, through no shell and with --disable-sigusr1': [
    configured({ Cmd: ['/bin/sh', '-c', 'node --disable-sigusr1 src/node.ts'] }),
    configured({ Entrypoint: ['docker-entrypoint.sh'] }),
    configured({ Cmd: ['npm', 'start'] }),
    // SIGUSR1 would open the inspector while the modules are loaded.
    configured({ Cmd: ['node', 'src/node.ts'] }),
  ],
  'has a health check, through no shell': [
    configured({ Healthcheck: { Test: ['CMD-SHELL', 'node /app/deploy/healthcheck.ts'] } }),
    configured({ Healthcheck: { Test: ['NONE'] } }),
    configured({ Healthcheck: {} }),
  ],
  'is stopped by SIGTERM': [configured({ StopSignal: 'SIGKILL' })],
  'listens to its network and keeps its ledger in a volume': [
    configured({ Env: ['LEDGER_URL=sqlite:/var/lib/proxy/ledger.db'] }),
    configured({ Volumes: {} }),
    configured({ Volumes: { '/data': {} } }),
  ],
  'gives the folder of the ledger to node alone': [
    { ...GOOD, ledgerFolder: { uid: 0, mode: 0o700 } },
    { ...GOOD, ledgerFolder: { uid: 1000, mode: 0o755 } },
    { ...GOOD, ledgerFolder: null },
  ],
  'sets no secret': [configured({ Env: [...(CONFIG.Env ?? []), 'GALILEO_API_KEY='] })],
  'is labelled with its name, its version and its list of parts': [
    labelled({ 'org.opencontainers.image.version': '1.2.2' }),
    labelled({ 'org.opencontainers.image.title': 'node' }),
    { ...GOOD, sbom: null },
  ],
  'holds the service and nothing beside it: no stand-in, test, tool or document': [
    withFile('dev/'),
    withFile('test/'),
    withFile('package-lock.json'),
    withFile('.npmrc'),
    { ...GOOD, app: new Map([...GOOD.app].filter(([path]) => path !== 'sbom.cdx.json')) },
  ],
  'cannot change what it runs': [
    withFile('src/app.ts', { uid: 1000, mode: 0o644 }),
    withFile('src/app.ts', { uid: 0, mode: 0o666 }),
    withFile('src/lib/', { uid: 0, mode: 0o775 }),
  ],
  'holds no package of development': [withFile('node_modules/vitest/'), withFile('node_modules/@a/b-dev/')],
  'brings no package manager': [{ ...GOOD, commands: ['node', 'npm'] }],
  'lists exactly the packages that are in it': [
    { ...GOOD, sbom: sbomOf('@a/b@1.0.0') },
    { ...GOOD, sbom: sbomOf('@a/b@1.0.0', 'c@2.0.0', 'd@3.0.0') },
    { ...GOOD, sbom: sbomOf('@a/b@1.0.0', 'c@2.0.1') },
    { ...GOOD, sbom: '{"bomFormat":' },
    { ...GOOD, sbom: null },
    { ...GOOD, sbom: sbomOf('@a/b@1.0.0', 'c@2.0.0').replace('"proxy"', '"app"') },
    labelled({ 'galileo-invite-proxy.sbom.media-type': 'application/spdx+json' }),
  ],
};

describe('a good image', () => {
  it.each(IMAGE_RULES)('$promise', ({ check }) => {
    expect(check(GOOD)).toEqual([]);
  });
});

describe('a broken image is found out by the rule that it', () => {
  it.each(IMAGE_RULES)('$promise', ({ promise, check }) => {
    const broken = BROKEN[promise] ?? [];
    expect(broken).not.toEqual([]);
    for (const image of broken) expect(check(image)).not.toEqual([]);
  });
});
