import { access, constants, lstat, statfs } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { foreignObjects } from '../../platform/node/ledger/files/foreign-objects.ts';
import { LedgerFileError, locateLedger } from '../../platform/node/ledger/files/locate.ts';
import { otherLedgers } from '../../platform/node/ledger/files/other-ledgers.ts';
import { readableByOthers } from '../../platform/node/ledger/files/readable-by-others.ts';
import { inspectLedgerFile } from '../../platform/node/ledger/reader.ts';
import type { LedgerFacts } from './ledger-facts.ts';

/** Inspects a SQLite ledger file without changing it. It reports facts only; check-ledger judges them. */
export async function inspectLedger(configuredPath: string): Promise<LedgerFacts> {
  try {
    const { path, ...condition } = await inspectLedgerFile(configuredPath);
    const writable = (await mayWrite(path)) && (await mayWrite(dirname(path)));
    const exposed = await readableByOthers(path);
    return {
      kind: 'readable',
      writable,
      ...condition,
      ...(exposed.length === 0 ? {} : { exposed }),
      ...(condition.records === 0 ? await others(configuredPath) : {}),
    };
  } catch (error) {
    if (!(error instanceof LedgerFileError)) throw error;
    const { reason } = error;
    if (reason === 'absent')
      return { kind: 'absent', creatable: await mayCreate(resolve(configuredPath)), ...(await others(configuredPath)) };
    if (reason === 'other_schema' || reason === 'moved') throw error;
    return { kind: 'unusable', reason, ...(reason === 'foreign_schema' ? await foreign(configuredPath) : {}) };
  }
}

/** Empty when nothing has a foreign name: then an object of this program was changed. */
async function foreign(path: string): Promise<Pick<Extract<LedgerFacts, { kind: 'unusable' }>, 'foreign'>> {
  const place = await locateLedger(path).catch(() => null);
  const found = place === null ? [] : foreignObjects(place.path);
  return found.length === 0 ? {} : { foreign: found };
}

async function others(path: string): Promise<Pick<Extract<LedgerFacts, { kind: 'absent' }>, 'others'>> {
  const found = await otherLedgers(path);
  return found.length === 0 ? {} : { others: found };
}

/** Bytes free to users other than root, on the file system that holds or would hold `path`. Null when unknown. */
export async function freeBytes(path: string): Promise<number | null> {
  return statfs(await nearestFolder(resolve(path))).then(
    ({ bavail, bsize }) => bavail * bsize,
    () => null,
  );
}

/** An empty file, which an interrupted start left behind, counts as absent. */
async function mayCreate(path: string): Promise<boolean> {
  const folder = await mayWrite(await nearestFolder(path));
  return folder && ((await isAbsent(path)) || (await mayWrite(path)));
}

async function nearestFolder(path: string): Promise<string> {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if (folder === dirname(folder) || !(await isAbsent(folder))) return folder;
  }
}

async function mayWrite(path: string): Promise<boolean> {
  return access(path, constants.W_OK).then(
    () => true,
    () => false,
  );
}

async function isAbsent(path: string): Promise<boolean> {
  return lstat(path).then(
    () => false,
    () => true,
  );
}
