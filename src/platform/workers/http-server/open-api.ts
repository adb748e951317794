import type { OpenApiDocument } from '../../../openapi/localize.ts';
import { placeOpenApi } from '../../../openapi/localize.ts';
import type { Deps } from '../../../deps.ts';
import type { Bindings } from '../bindings.ts';

/**
 * The published contract on Workers. It is made when the Worker is built and stored among the static assets, because
 * the code that makes it is a fifth of the program and would run in every isolate. This file only inserts the address
 * of the deployment.
 */
export function createOpenApiReader(assets: Bindings['ASSETS'], publicUrl: string | null): Deps['openApi'] {
  return async () => {
    const answer = await assets.fetch('https://assets.invalid/openapi.json');
    if (!answer.ok) throw new Error('openapi.json is not among the assets');
    return placeOpenApi(await answer.json<OpenApiDocument>(), publicUrl);
  };
}
