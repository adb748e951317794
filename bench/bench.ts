/**
 * `npm run bench [-- [--quick] [sides] [growth] [memory] [ledgers]]`: measures the service and writes docs/performance.md
 * and its plots. Without names it runs `sides` and `growth`, in at most 15 minutes, with --quick in 3; `memory` takes another
 * ten, and `ledgers`, which needs PostgreSQL's programs, four. It needs Linux, and the registry once for the packages of the peers; everything else runs on loopback. The machine
 * should do nothing else meanwhile.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { measureGrowth } from './growth/measure-growth.ts';
import { measureLedgers } from './ledgers/measure-ledgers.ts';
import { measureMemory } from './growth/measure-memory.ts';
import { PERFORMANCE_PAGES } from './report/performance-pages.ts';
import type { Results } from './results.ts';
import { keepResults } from './results.ts';
import { isPinned, pinBench } from './sides/process.ts';
import { measureSides } from './sides/measure-sides.ts';

const PARTS = {
  sides: async (options: PartOptions): Promise<Results> => ({ sides: await measureSides(options, console.log) }),
  growth: async (options: PartOptions): Promise<Results> => ({ growth: await measureGrowth(options, console.log) }),
  memory: async (options: PartOptions): Promise<Results> => ({ memory: await measureMemory(options, console.log) }),
  ledgers: async (options: PartOptions): Promise<Results> => ({ ledgers: await measureLedgers(options, console.log) }),
} as const;

interface PartOptions {
  /** For ledgers and configurations; removed in the end. */
  readonly folder: string;
  readonly isQuick: boolean;
}

const isPart = (name: string): name is keyof typeof PARTS => Object.hasOwn(PARTS, name);

if (platform() !== 'linux') throw new Error('the bench reads /proc, so it runs on Linux only');
const { values, positionals } = parseArgs({ options: { quick: { type: 'boolean' } }, allowPositionals: true });
const parts = positionals.length === 0 ? ['sides', 'growth'] : positionals;
if (!parts.every(isPart)) throw new Error(`usage: npm run bench [-- [--quick] [${Object.keys(PARTS).join('] [')}]]`);

if (!isPinned) console.log('without taskset and a second processor, all sides compete with the load generator');
pinBench();
const startedAtMs = performance.now();
const folder = mkdtempSync(join(tmpdir(), 'invite-proxy-bench-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
// So that an interrupted bench ends the sides that it has started (process.ts), too.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
for (const part of parts) keepResults(await PARTS[part]({ folder, isQuick: values.quick === true }));
for (const [path, describe] of Object.entries(PERFORMANCE_PAGES)) {
  await writeFile(new URL(`../${path}`, import.meta.url), describe());
  console.log(`wrote ${path}`);
}
console.log(`done in ${((performance.now() - startedAtMs) / 1000).toFixed(0)} s`);
