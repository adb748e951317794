/**
 * The worst case of docs/operations.md: a process with the memory that the page asks for, and crowds of hostile clients
 * of every kind at once. It stays alive within that memory, and every good caller is answered. How fast it answers is
 * measured in bench/hostile-clients.ts.
 */
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { HOSTILE_KINDS, sendHostileClients } from '../support/servers/hostile-clients.ts';
import { startRunning } from './running.ts';

const MEMORY_MIB = 512;
const HEAP_MIB = 256;
const CROWD = 60;
const ROUNDS = 100;

/** The largest memory that the process had resident (proc(5)), in MiB. */
async function peakMiB(pid: number): Promise<number> {
  const [, kib = ''] = /^VmHWM:\s+(\d+) kB$/m.exec(await readFile(`/proc/${String(pid)}/status`, 'utf8')) ?? [];
  return Number(kib) / 1024;
}

describe('hostile clients of every kind at once', () => {
  it(`cost no more than ${String(MEMORY_MIB)} MiB, and every good caller is answered`, async () => {
    const service = await startRunning({ NODE_OPTIONS: `--max-old-space-size=${String(HEAP_MIB)}` });
    const url = `http://127.0.0.1:${String(service.port)}`;
    const headers = { Authorization: `Bearer ${await service.token()}` };
    const crowd = sendHostileClients(service.port, CROWD);
    for (let round = 0; round < ROUNDS; round += 1) {
      const answers = await Promise.all([
        service.invite(`p${String(round)}@acme.com`, await service.token()),
        fetch(`${url}/v2/invite_policy`, { headers }),
        fetch(`${url}/openapi.json`),
        fetch(`${url}/readyz`),
      ]);
      await Promise.all(answers.map((answer) => answer.arrayBuffer()));
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    }
    crowd.callOff();
    for (const kind of Object.keys(HOSTILE_KINDS)) expect(crowd.opened[kind]).toBeGreaterThanOrEqual(CROWD);
    expect(await peakMiB(service.child.pid ?? 0)).toBeLessThan(MEMORY_MIB);
    expect(service.child.exitCode).toBeNull();
    expect(service.stderr()).toBe('');
  });
});
