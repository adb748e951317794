import { readFile } from 'node:fs/promises';
import type { ReadPage } from '../../../ports/read-page.ts';

/** The files behind the pages for people lie beside src/, in the image too. Those of the console are built. */
const FOLDER = new URL('../../../../pages/', import.meta.url);
const BUILT = new URL('../../../../dist/', import.meta.url);

export const readPage: ReadPage = async (file) =>
  await readFile(new URL(file, file.startsWith('console/') ? BUILT : FOLDER));
