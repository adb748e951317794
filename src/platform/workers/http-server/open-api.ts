import type { OpenApiDocument } from '../../../openapi/document.ts';
import { placeOpenApi } from '../../../openapi/localize.ts';
import type { Deps } from '../../../deps.ts';
import type { Bindings } from '../bindings.ts';

/**
 * The published contract on Workers: made when the Worker was built and kept among its static assets, because what makes
 * it is a fifth of the program and would run in every isolate. Here it only gets the address of this deployment.
 */
export function createOpenApiReader(assets: Bindings['ASSETS'], publicUrl: string | null): Deps['openApi'] {
  return async () => {
    const answer = await assets.fetch('https://assets.invalid/openapi.json');
    if (!answer.ok) throw new Error('openapi.json is not among the assets');
    return placeOpenApi(await answer.json<OpenApiDocument>(), publicUrl);
  };
}
