/** The examples in the contract itself: the request bodies of each operation, sent with a token where it needs one. */
import type { OpenApiDocument } from '../../../src/openapi/document.ts';
import type { Operation } from '../document.ts';
import { readReference } from '../document.ts';
import type { Exchange } from './exchange.ts';

export function exchangesOf(document: OpenApiDocument): readonly Exchange[] {
  return readReference(document).operations.flatMap(examplesOf);
}

function examplesOf(operation: Operation): readonly Exchange[] {
  const { operationId, method, path, summary, scopes, parameters, requestBody } = operation;
  const token: Record<string, string> = scopes.length > 0 ? { Authorization: 'Bearer TOKEN' } : {};
  const valueOf = (name: string): string => parameters.find((one) => one.name === name)?.example ?? `{${name}}`;
  const target = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => valueOf(name));
  const bodies = Object.entries(requestBody?.examples ?? {});
  if (bodies.length === 0)
    return [{ operationId, name: operationId, summary, request: { method, path: target, headers: token } }];
  const headers = { ...token, 'Content-Type': 'application/json' };
  return bodies.map(([name, example]) => ({
    ...{ operationId, name, summary: example.summary ?? summary },
    request: { method, path: target, headers, body: example.value },
  }));
}
