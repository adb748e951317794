import type { OpenApiDocument } from './document.ts';

/** Served only when the service has a public address (RFC 9728 §3). */
const ONLY_WITH_ADDRESS = '/.well-known/oauth-protected-resource';

/** Adapts the complete document to one deployment. A null `publicUrl` leaves the address out. */
export function placeOpenApi(complete: OpenApiDocument, publicUrl: string | null): OpenApiDocument {
  if (publicUrl !== null) return { ...complete, servers: [{ url: publicUrl }] };
  const paths = Object.entries(complete.paths).filter(([path]) => path !== ONLY_WITH_ADDRESS);
  return { ...complete, servers: [{ url: '/' }], paths: Object.fromEntries(paths) };
}
