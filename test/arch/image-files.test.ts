import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config/load.ts';
import { SETTINGS } from '../../src/config/schema.ts';
import { SERVICE_NAME, SERVICE_VERSION } from '../../src/config/service.ts';
import { DEADLINE_MS } from '../../src/platform/node/process/shutdown.ts';
import { ROOT } from './source-tree.ts';

/** Checks of the text of the Dockerfile and compose.yaml. No container engine is needed. */
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/**
 * The engine's stop timeout must exceed the shutdown deadline by this much, or the engine kills a service that is still
 * stopping.
 */
const MARGIN_MS = 4_000;

interface Instruction {
  readonly name: string;
  readonly value: string;
}

/** The instructions, without comments and with continued lines joined. */
const instructions: readonly Instruction[] = read('Dockerfile')
  .replace(/^\s*#.*\n/gm, '')
  .replace(/\\\n\s*/g, '')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => ({ name: line.split(' ')[0] ?? '', value: line.slice(line.indexOf(' ') + 1) }));
const valuesOf = (name: string): string[] => instructions.filter((i) => i.name === name).map(({ value }) => value);
const stages = valuesOf('FROM').map((value) => / AS (\S+)$/.exec(value)?.[1]);

/** The image's own environment: the value of each setting that a deployment leaves out. */
const imageEnv = Object.fromEntries(
  valuesOf('ENV').flatMap((line) =>
    line
      .trim()
      .split(/\s+/)
      .map((pair) => [pair.split('=')[0], pair.split('=')[1]]),
  ),
) as Record<string, string>;

describe('the Dockerfile', () => {
  it('has the stages build and runtime, and makes runtime when nobody says which', () => {
    expect(stages).toContain('build');
    expect(stages.at(-1)).toBe('runtime');
  });

  it('builds on one base, by its bare name', () => {
    const bases = valuesOf('FROM').map((value) => value.split(' ')[0]);
    expect(bases.filter((base) => !stages.includes(base))).toEqual(['node:24-slim', 'node:24-slim']);
  });

  it('writes each command in the exec form', () => {
    expect(valuesOf('CMD')).toHaveLength(2);
    for (const value of valuesOf('CMD')) expect(JSON.parse(value)).toBeInstanceOf(Array);
  });

  it('asks for its health in the exec form, of a file that is there', () => {
    const [check = ''] = valuesOf('HEALTHCHECK');
    const [command, file] = JSON.parse(check.slice(check.indexOf('['))) as string[];
    expect(check).toContain(' CMD [');
    expect(command).toBe('node');
    expect(read(file?.replace(/^\/app\//, '') ?? '')).toContain('/readyz');
  });

  it('leaves root, and the base’s shell script, before it says what to run, in each stage that runs', () => {
    for (const [index, { name }] of instructions.entries()) {
      if (name !== 'CMD') continue;
      const stage = instructions.slice(
        instructions.slice(0, index).findLastIndex((i) => i.name === 'FROM'),
        index,
      );
      expect(stage.findLast((i) => i.name === 'USER')?.value).toBe('node');
      expect(stage.findLast((i) => i.name === 'ENTRYPOINT')?.value).toBe('[]');
    }
  });

  it('takes no secret: neither as a variable nor as an argument', () => {
    const secrets = Object.entries(SETTINGS).flatMap(([name, row]) => ('secret' in row ? [name] : []));
    expect(secrets).not.toEqual([]);
    const set = [...valuesOf('ENV'), ...valuesOf('ARG')].join(' ');
    expect(secrets.filter((name) => set.includes(name))).toEqual([]);
  });

  it('labels the image with the name and version that the service reports', () => {
    const [labels = ''] = valuesOf('LABEL');
    expect(labels).toContain(`org.opencontainers.image.title="${SERVICE_NAME}"`);
    expect(labels).toContain(`org.opencontainers.image.version="${SERVICE_VERSION}"`);
  });

  it('is given nothing but what is listed', () => {
    const [first, ...rest] = read('.dockerignore')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    expect(first).toBe('*');
    expect(rest).toContain('**/.env*');
  });
});

interface Compose {
  readonly services: Readonly<Record<string, ComposeService>>;
}

interface ComposeService {
  readonly build: { readonly target: string };
  readonly environment: Readonly<Record<string, string>>;
  readonly read_only: boolean;
  readonly cap_drop: readonly string[];
  readonly security_opt: readonly string[];
  readonly network_mode?: string;
  readonly ports?: readonly string[];
  readonly stop_grace_period?: string;
}

describe('compose.yaml', () => {
  const { services } = parse(read('compose.yaml'), { merge: true }) as Compose;
  const { service, 'stand-ins': standIns } = services;

  it('brings the service and the stand-ins, from stages that are there', () => {
    expect(Object.keys(services).toSorted()).toEqual(['service', 'stand-ins']);
    for (const { build } of Object.values(services)) expect(stages).toContain(build.target);
  });

  it('runs each with a read-only root and without capabilities', () => {
    for (const each of Object.values(services)) {
      expect(each).toMatchObject({ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] });
    }
  });

  it('keeps plain http on loopback: one network namespace, of which only the service is shown to this machine', () => {
    expect(service?.network_mode).toBe('service:stand-ins');
    expect(standIns?.ports).toEqual(['127.0.0.1:8080:8080']);
  });

  it('configures the service so that it starts', async () => {
    const env = { ...imageEnv, ...service?.environment };
    expect(await loadConfig({ env, readText: async () => '' })).toMatchObject({ kind: 'loaded' });
  });

  it('waits for the end of the service', () => {
    expect(Number.parseInt(service?.stop_grace_period ?? '', 10) * 1000).toBeGreaterThanOrEqual(
      DEADLINE_MS + MARGIN_MS,
    );
  });
});
