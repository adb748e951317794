/**
 * One side of a bench as a process of its own on a processor of its own, and what it used, as Linux counts it: its
 * children count too. The bench itself (load generator, upstream stub, issuer) has another processor.
 */
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

export interface SideCommand {
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The path that answers when the side is ready. */
  readonly readyPath: string;
  /** Where its stdout goes. Default: nowhere. */
  readonly stdoutFile?: string;
  /** Left out: it has a processor of its own, where there is one. */
  readonly sharesProcessors?: boolean;
  /** Called after it has ended. */
  readonly cleanUp?: () => void;
}

export interface RunningSide {
  readonly port: number;
  /** CPU time so far, user and system, in microseconds. */
  cpuUs(): number;
  memory(): { readonly residentMiB: number; readonly peakMiB: number };
  stop(): Promise<void>;
}

/** Linux counts CPU time in hundredths of a second. */
const TICK_US = 10_000;
const START_MS = 30_000;

const hasTaskset = spawnSync('taskset', ['--version'], { stdio: 'ignore' }).error === undefined;
const [ownCore, sideCore] = allowedCores();
/** Whether sides and bench have a processor each. */
export const isPinned = hasTaskset && sideCore !== undefined;

/** Keeps this process on its own processor from now on. */
export function pinBench(): void {
  if (isPinned) spawnSync('taskset', ['-a', '-p', '-c', String(ownCore), String(process.pid)], { stdio: 'ignore' });
}

/** The numbers of the processors that this process may use, from a list such as `0-3,8`. */
function allowedCores(): number[] {
  const list = /^Cpus_allowed_list:\s*(.*)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '';
  return list.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, n) => first + n);
  });
}

/** Resolves when the side answers on `port`. Rejects when it ends before. */
export async function startSide(side: SideCommand, port: number): Promise<RunningSide> {
  const cores = side.sharesProcessors === true ? `${ownCore},${sideCore}` : String(sideCore);
  const [program = '', ...args] = isPinned ? ['taskset', '-c', cores, ...side.command] : side.command;
  const stdout = openSync(side.stdoutFile ?? '/dev/null', 'a');
  const child = spawn(program, args, { env: { ...side.env }, stdio: ['ignore', stdout, 'inherit'] });
  closeSync(stdout);
  const kill = (): boolean => child.kill('SIGKILL');
  process.once('exit', kill);
  const ended = once(child, 'exit');
  ended.catch(() => undefined);
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM');
      await ended;
    }
    process.removeListener('exit', kill);
    side.cleanUp?.();
  };
  try {
    await isReady(child, `http://127.0.0.1:${port}${side.readyPath}`);
  } catch (error) {
    await stop();
    throw error;
  }
  const { pid = 0 } = child;
  return {
    port,
    cpuUs: () => cpuUsOf(pid),
    memory: () => ({ residentMiB: memoryOf(pid, 'VmRSS'), peakMiB: memoryOf(pid, 'VmHWM') }),
    stop,
  };
}

/** Any answer counts: a peer may have no such path. */
async function isReady(child: ChildProcess, url: string): Promise<void> {
  const endsAtMs = performance.now() + START_MS;
  while (performance.now() < endsAtMs) {
    if (child.exitCode !== null) throw new Error(`${child.spawnargs.join(' ')} ended with ${child.exitCode}`);
    const status = await statusOf(url);
    if (status !== 0 && status !== 503) return;
    await delay(10);
  }
  throw new Error(`${child.spawnargs.join(' ')} did not answer in ${START_MS / 1000} s`);
}

/** 0 when there is no answer. */
async function statusOf(url: string): Promise<number> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(1_000) });
    await response.arrayBuffer();
    return response.status;
  } catch {
    return 0;
  }
}

/** CPU time so far of a process and its running children, user and system, in microseconds. */
export function cpuUsOf(pid: number): number {
  return processesOf(pid).reduce((sum, one) => sum + ticksOf(one) * TICK_US, 0);
}

function processesOf(pid: number): number[] {
  const children = readOf(pid, `task/${pid}/children`).trim().split(' ').filter(Boolean);
  return [pid, ...children.flatMap((child) => processesOf(Number(child)))];
}

/** utime and stime, proc(5). The second field may hold spaces and ends with the last parenthesis. */
function ticksOf(pid: number): number {
  const fields = readOf(pid, 'stat')
    .replace(/^.*\) /s, '')
    .split(' ');
  return Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
}

/** Nothing of a process that has ended meanwhile. */
function readOf(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}

function memoryOf(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  const kib = processesOf(pid).map((one) =>
    Number(new RegExp(String.raw`${field}:\s+(\d+)`).exec(readOf(one, 'status'))?.[1] ?? 0),
  );
  return kib.reduce((sum, one) => sum + one, 0) / 1024;
}

/** The share of time that the processor of the bench was busy since `before`, which is an earlier reading of it. */
export function busyShare(before: readonly number[]): number {
  const spent = ownCoreTicks().map((ticks, index) => ticks - (before[index] ?? 0));
  const total = spent.reduce((sum, ticks) => sum + ticks, 0);
  const [idle = 0, waiting = 0] = spent.slice(3);
  return total === 0 ? 0 : 1 - (idle + waiting) / total;
}

/** What the processor of the bench did so far, proc(5); all processors together when none is its own. */
export function ownCoreTicks(): number[] {
  const name = isPinned ? `cpu${ownCore}` : 'cpu';
  const fields = new RegExp(String.raw`^${name}\s+(.*)$`, 'm').exec(readFileSync('/proc/stat', 'utf8'))?.[1] ?? '';
  return fields.split(' ').map(Number);
}
