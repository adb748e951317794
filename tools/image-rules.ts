/**
 * The rules for the built image, as a table over plain data: its configuration, its files, and its SBOM. Uses no
 * container engine: tools/judge-image.ts reads an image into this form. test/arch plants an image that breaks each
 * rule.
 */
export interface Image {
  /** As `docker image inspect` prints it. */
  readonly config: ImageConfig;
  /** Every path below /app, without the leading /app/. Folders end in `/`. */
  readonly app: ReadonlyMap<string, FileFacts>;
  /** Names in /usr/local/bin. */
  readonly commands: readonly string[];
  /** The folder of the ledger; null when it does not exist. */
  readonly ledgerFolder: FileFacts | null;
  /** The text of the SBOM that the label names; null when it does not exist. */
  readonly sbom: string | null;
  /** The packages below /app/node_modules, as name@version. */
  readonly packages: readonly string[];
  readonly project: Project;
}

export interface ImageConfig {
  readonly User?: string;
  readonly Env?: readonly string[];
  readonly Entrypoint?: readonly string[] | null;
  readonly Cmd?: readonly string[];
  readonly Healthcheck?: { readonly Test?: readonly string[] };
  readonly Volumes?: Readonly<Record<string, unknown>>;
  readonly Labels?: Readonly<Record<string, string>>;
  readonly StopSignal?: string;
}

export interface FileFacts {
  readonly uid: number;
  /** Permission bits. */
  readonly mode: number;
}

/** Facts about the project, read from the repository. */
export interface Project {
  readonly name: string;
  readonly version: string;
  /** Paths in the lock (`node_modules/…`) that are used for development, or to build the console, only. */
  readonly devPaths: ReadonlySet<string>;
  /** Names of settings that hold a secret. */
  readonly secretSettings: readonly string[];
}

export interface ImageRule {
  /** The rule, as the end of the sentence "the image …". */
  readonly promise: string;
  /** All violations. */
  check(image: Image): string[];
}

const NODE_UID = 1000;
const APP_ENTRIES = ['deploy/', 'dist/', 'node_modules/', 'package.json', 'pages/', 'sbom.cdx.json', 'src/'];
const PACKAGE_MANAGERS = ['npm', 'npx', 'yarn', 'yarnpkg', 'corepack'];

export const IMAGE_RULES: readonly ImageRule[] = [
  {
    promise: 'runs as node',
    check: ({ config }) => (config.User === 'node' ? [] : [`the user is ${config.User ?? 'not set'}`]),
  },
  {
    promise: 'starts node itself as its first process, through no shell and with --disable-sigusr1',
    check: ({ config: { Entrypoint, Cmd } }) => [
      ...((Entrypoint ?? []).length === 0 ? [] : [`there is an entrypoint: ${String(Entrypoint)}`]),
      ...(Cmd?.join(' ') === 'node --disable-sigusr1 src/node.ts' ? [] : [`the command is ${String(Cmd)}`]),
    ],
  },
  {
    promise: 'has a health check, through no shell',
    check: ({ config }) =>
      config.Healthcheck?.Test?.slice(0, 2).join(' ') === 'CMD node'
        ? []
        : [`the health check is ${String(config.Healthcheck?.Test)}`],
  },
  {
    promise: 'is stopped by SIGTERM',
    check: ({ config }) => (config.StopSignal === 'SIGTERM' ? [] : [`the signal is ${String(config.StopSignal)}`]),
  },
  {
    promise: 'listens to its network and keeps its ledger in a volume',
    check: ({ config }) => [
      ...(envOf(config, 'HOST') === '0.0.0.0' ? [] : ['HOST is not 0.0.0.0']),
      ...(Object.keys(config.Volumes ?? {}).includes(ledgerFolderOf(config)) ? [] : ['the ledger is in no volume']),
    ],
  },
  {
    promise: 'gives the folder of the ledger to node alone',
    check: ({ ledgerFolder }) =>
      ledgerFolder?.uid === NODE_UID && ledgerFolder.mode === 0o700 ? [] : [JSON.stringify(ledgerFolder)],
  },
  {
    promise: 'sets no secret',
    check: ({ config, project: { secretSettings } }) =>
      secretSettings.filter((name) => envOf(config, name) !== undefined).map((name) => `${name} is set`),
  },
  {
    promise: 'is labelled with its name, its version and its list of parts',
    check: ({ config: { Labels = {} }, project, sbom }) => [
      ...(Labels['org.opencontainers.image.title'] === project.name ? [] : ['the title is another']),
      ...(Labels['org.opencontainers.image.version'] === project.version ? [] : ['the version is another']),
      ...(sbom === null ? ['the label names no list of parts that is there'] : []),
    ],
  },
  {
    promise: 'holds the service and nothing beside it: no stand-in, test, tool or document',
    check: ({ app }) => differences(APP_ENTRIES, topLevel(app), 'in /app'),
  },
  {
    promise: 'cannot change what it runs',
    check: ({ app }) =>
      [...app]
        .filter(([, { uid, mode }]) => uid !== 0 || (mode & 0o022) !== 0)
        .map(([path]) => `/app/${path} can be written by others than root`),
  },
  {
    promise: 'holds no package of development',
    check: ({ app, project: { devPaths } }) =>
      [...devPaths].filter((path) => app.has(`${path}/`)).map((path) => `${path} is there`),
  },
  {
    promise: 'brings no package manager',
    check: ({ commands }) =>
      PACKAGE_MANAGERS.filter((name) => commands.includes(name)).map((name) => `${name} is there`),
  },
  {
    promise: 'lists exactly the packages that are in it',
    check: ({ config, sbom, packages, project }) =>
      sbom === null ? ['there is no list'] : judgeSbom(sbom, config.Labels ?? {}, packages, project),
  },
];

/** The folder in the image's own LEDGER_URL. */
export function ledgerFolderOf(config: ImageConfig): string {
  return (envOf(config, 'LEDGER_URL') ?? '').replace(/^sqlite:/, '').replace(/\/[^/]*$/, '');
}

/** The path below /app that the label names. */
export function sbomPathOf(config: ImageConfig): string | null {
  return config.Labels?.['galileo-invite-proxy.sbom'] ?? null;
}

function envOf({ Env = [] }: ImageConfig, name: string): string | undefined {
  return Env.find((line) => line.startsWith(`${name}=`))?.slice(name.length + 1);
}

function topLevel(app: Image['app']): string[] {
  return [...new Set(Array.from(app.keys(), (path) => /^[^/]+\/?/.exec(path)?.[0] ?? path))];
}

function differences(wanted: readonly string[], found: readonly string[], where: string): string[] {
  return [
    ...wanted.filter((name) => !found.includes(name)).map((name) => `${name} is missing ${where}`),
    ...found.filter((name) => !wanted.includes(name)).map((name) => `${name} is ${where}`),
  ];
}

interface CycloneDx {
  readonly bomFormat?: string;
  readonly specVersion?: string;
  readonly metadata?: { readonly component?: { readonly name?: string; readonly version?: string } };
  readonly components?: readonly { readonly name: string; readonly version: string }[];
}

function judgeSbom(
  text: string,
  labels: Readonly<Record<string, string>>,
  packages: readonly string[],
  project: Project,
) {
  let sbom: CycloneDx;
  try {
    sbom = JSON.parse(text) as CycloneDx;
  } catch {
    return ['it is not JSON'];
  }
  const { bomFormat, specVersion, metadata, components = [] } = sbom;
  const mediaType = `application/vnd.cyclonedx+json; version=${specVersion ?? ''}`;
  const self = metadata?.component;
  return [
    ...(bomFormat === 'CycloneDX' && labels['galileo-invite-proxy.sbom.media-type'] === mediaType
      ? []
      : [`it is ${bomFormat ?? ''} ${specVersion ?? ''}, which is not what the label says`]),
    ...(self?.name === project.name && self.version === project.version ? [] : ['it is of something else']),
    ...differences(
      packages,
      components.map(({ name, version }) => `${name}@${version}`),
      'in the list',
    ),
  ];
}
