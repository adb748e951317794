import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLedger } from '../../../src/platform/node/ledger/open-ledger.ts';
import type { NodeLedgerDeps, ServiceLedger } from '../../../src/platform/node/ledger/open-ledger.ts';
import type { LogFields, Logger } from '../../../src/ports/logger.ts';
import { createFakeClock, createFakeIds } from '../../support/clock.ts';

/** Ledgers on real files, each test in its own directory. */
export function tempDirectory(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'ledger-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

export interface LogLine {
  readonly level: string;
  readonly event: string;
  readonly fields: LogFields;
}

export function createLogCollector(): Logger & { readonly lines: LogLine[] } {
  const lines: LogLine[] = [];
  const at =
    (level: string) =>
    (event: string, fields: LogFields = {}) =>
      void lines.push({ level, event, fields });
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

export function openAt(path: string, deps: Partial<LedgerDeps> = {}): Promise<ServiceLedger> {
  return openLedger({
    path,
    clock: createFakeClock(),
    ids: createFakeIds(),
    logger: createLogCollector(),
    metrics: { count: () => undefined },
    ...deps,
  });
}

type LedgerDeps = Omit<NodeLedgerDeps, 'path'>;

export async function openTempLedger(
  deps: Partial<LedgerDeps>,
): Promise<{ ledger: ServiceLedger; path: string; remove: () => Promise<void> }> {
  const directory = tempDirectory();
  const path = join(directory.path, 'ledger.db');
  const ledger = await openAt(path, deps);
  return {
    ledger,
    path,
    async remove() {
      await ledger.close();
      directory.remove();
    },
  };
}
