/**
 * The ports of a local run: the service's, and the three after it. So one PORT moves everything, and two runs side by
 * side need only two numbers. With PORT=0 all are free ports, and the ops listener is off.
 */
import { createServer } from 'node:net';
import { thrownCode } from '../../src/lib/thrown.ts';

export interface LocalPorts {
  readonly service: number;
  readonly identityProvider: number;
  readonly galileo: number;
  readonly ops: number;
}

export const DEFAULT_PORT = 8080;
const BLOCK = 4;
const LAST_PORT = 65_535;
/** Where a suggestion begins, and how far apart suggestions are. */
const SUGGESTIONS = { from: 9400, step: 10, count: 20 };

/** Throws with a sentence when PORT is no port that has three ports after it. */
export function localPorts(env: Readonly<Record<string, string | undefined>>): LocalPorts {
  const text = env['PORT'] ?? '';
  const port = text === '' ? DEFAULT_PORT : Number(text);
  if (!/^\d*$/.test(text) || port > LAST_PORT - BLOCK + 1)
    throw new Error(`PORT must be a number up to ${LAST_PORT - BLOCK + 1}: three more ports follow it`);
  const opsText = env['OPS_PORT'] ?? '';
  const ops = /^\d+$/.test(opsText) ? Number(opsText) : port === 0 ? 0 : port + 3;
  if (port === 0) return { service: 0, identityProvider: 0, galileo: 0, ops };
  return { service: port, identityProvider: port + 1, galileo: port + 2, ops };
}

/** The ledger of a run. Two runs at a time must not share one. */
export function localLedgerUrl({ service }: LocalPorts): string {
  return service === 0 || service === DEFAULT_PORT
    ? 'sqlite:./data/dev-ledger.db'
    : `sqlite:./data/dev-ledger-${service}.db`;
}

/** The problems of a refused start, with the way out when another version of this program made the ledger. */
export function withLedgerRemedy(problems: readonly string[], ledgerFile: string): readonly string[] {
  if (!problems.some((problem) => /^the ledger (?:has schema version|holds a trigger)/.test(problem))) return problems;
  return [...problems, `nothing in the ledger of a local run is real: delete ${ledgerFile} to begin with a new one`];
}

/** Null when all are free; else which are taken, and how to go on. */
export async function takenPorts(ports: LocalPorts): Promise<string | null> {
  const wanted = [
    [ports.service, 'the service'],
    [ports.identityProvider, 'the stand-in identity provider'],
    [ports.galileo, 'the stand-in Galileo'],
    [ports.ops, 'metrics and reasons'],
  ] as const;
  const taken: string[] = [];
  for (const [port, what] of wanted) if (port !== 0 && !(await isFree(port))) taken.push(`${port} (for ${what})`);
  if (taken.length === 0) return null;
  const [noun, verb] = taken.length === 1 ? ['Port', 'is'] : ['Ports', 'are'];
  const other = await freeBlock();
  const remedy = other === null ? 'choose another PORT' : `choose other ports: PORT=${other} npm start`;
  return `${noun} ${taken.join(', ')} ${verb} taken; perhaps npm start runs already. Stop what runs there, or ${remedy}`;
}

async function freeBlock(): Promise<number | null> {
  for (let n = 0; n < SUGGESTIONS.count; n += 1) {
    const first = SUGGESTIONS.from + n * SUGGESTIONS.step;
    const block = await Promise.all(Array.from({ length: BLOCK }, async (_, index) => await isFree(first + index)));
    if (block.every((free) => free)) return first;
  }
  return null;
}

async function isFree(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const server = createServer();
    // Any other fault is the listener's to report.
    server.once('error', (error) => resolve(thrownCode(error) !== 'EADDRINUSE'));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
