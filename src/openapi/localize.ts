import type { OpenApiDocument } from './document.ts';

/** Served only where the service knows its own name (RFC 9728 §3). */
const ONLY_WITH_ADDRESS = '/.well-known/oauth-protected-resource';

/** The complete document, as one deployment serves it. Null: callers do not learn the address from it. */
export function placeOpenApi(complete: OpenApiDocument, publicUrl: string | null): OpenApiDocument {
  if (publicUrl !== null) return { ...complete, servers: [{ url: publicUrl }] };
  const paths = Object.entries(complete.paths).filter(([path]) => path !== ONLY_WITH_ADDRESS);
  return { ...complete, servers: [{ url: '/' }], paths: Object.fromEntries(paths) };
}
