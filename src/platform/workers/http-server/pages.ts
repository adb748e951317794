import type { ReadPage } from '../../../ports/read-page.ts';
import type { Bindings } from '../bindings.ts';

/** The files behind the pages for people, which the build has put among the Worker's static assets. */
export function createReadPage(assets: Bindings['ASSETS']): ReadPage {
  return async (file) => {
    const answer = await assets.fetch(`https://assets.invalid/${file}`);
    if (!answer.ok) throw new Error(`${file} is not among the assets`);
    return new Uint8Array(await answer.arrayBuffer());
  };
}
