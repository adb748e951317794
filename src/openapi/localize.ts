/** The document as one deployment serves it: at its address, and with the routes that it has. */
import type { JsonSchema } from './json-schema.ts';

export interface OpenApiDocument {
  readonly openapi: '3.1.0';
  readonly info: JsonSchema;
  readonly servers: readonly JsonSchema[];
  readonly tags: readonly JsonSchema[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, JsonSchema>>>>;
  readonly components: JsonSchema & { readonly schemas: Readonly<Record<string, JsonSchema>> };
}

/** Served only when the service has a public address (RFC 9728 §3). */
const ONLY_WITH_ADDRESS = { path: '/.well-known/oauth-protected-resource', schema: 'ProtectedResource' };

/** Adapts the complete document to one deployment. A null `publicUrl` leaves the address out. */
export function placeOpenApi(complete: OpenApiDocument, publicUrl: string | null): OpenApiDocument {
  if (publicUrl !== null) return { ...complete, servers: [{ url: publicUrl }] };
  const { paths, components } = complete;
  return {
    ...complete,
    servers: [{ url: '/' }],
    paths: without(paths, ONLY_WITH_ADDRESS.path),
    components: { ...components, schemas: without(components.schemas, ONLY_WITH_ADDRESS.schema) },
  };
}

function without<T>(record: Readonly<Record<string, T>>, name: string): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(record).filter(([key]) => key !== name));
}
