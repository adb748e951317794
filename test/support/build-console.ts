/** Builds the console before the first test that asks for it, as `npm start` and `npm test` do. */
import { buildConsole } from '../../tools/build-console.ts';

export async function setup(): Promise<void> {
  await buildConsole(new URL('../../dist/console/', import.meta.url));
}
