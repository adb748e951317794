import type { JsonSchema } from '../json-schema.ts';
import type { ExampleExchange } from './exchange.ts';

/**
 * Puts the examples into the operations of /openapi.json: the body of each answer under its status and media type, and
 * the body of each request that was accepted.
 */
type Paths = Readonly<Record<string, Readonly<Record<string, JsonSchema>>>>;
type Content = Readonly<Record<string, JsonSchema>>;
type Examples = Record<string, { readonly summary: string; readonly value: unknown }>;

export function publishExamples(paths: Paths, exchanges: readonly ExampleExchange[]): Paths {
  const ofOperation = Map.groupBy(exchanges, ({ operationId }) => operationId as string);
  return mapValues(paths, (methods) =>
    mapValues(methods, (operation) => withExamples(operation, ofOperation.get(String(operation['operationId'])) ?? [])),
  );
}

interface Operation extends JsonSchema {
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>;
}

function withExamples(described: JsonSchema, exchanges: readonly ExampleExchange[]): JsonSchema {
  const operation = described as Operation;
  const { requestBody, responses } = operation;
  const byKey = Map.groupBy(
    exchanges.filter(({ answer }) => answer.body !== undefined),
    ({ answer }) => keyOf(answer.status, responses),
  );
  return {
    ...operation,
    ...(requestBody === undefined
      ? {}
      : {
          requestBody: {
            ...requestBody,
            content: mapValues(requestBody.content, (media) => ({ ...media, examples: requestExamples(exchanges) })),
          },
        }),
    responses: mapValues(responses, (response, key) =>
      response.content === undefined
        ? response
        : {
            ...response,
            content: mapValues(response.content, (media, type) => withAnswers(media, type, byKey.get(key) ?? [])),
          },
    ),
  };
}

/** OpenAPI 3.1: an exact status goes before its range, and `default` is for all others. */
function keyOf(status: number, responses: Operation['responses']): string {
  const keys = [String(status), `${String(status)[0]}XX`];
  return keys.find((key) => key in responses) ?? 'default';
}

function withAnswers(media: JsonSchema, type: string, exchanges: readonly ExampleExchange[]): JsonSchema {
  const examples: Examples = {};
  for (const { name, summary, answer } of exchanges) {
    if (answer.headers['Content-Type'] === type) examples[name] = { summary, value: answer.body };
  }
  return Object.keys(examples).length === 0 ? media : { ...media, examples };
}

/** The bodies that were accepted, each once. */
function requestExamples(exchanges: readonly ExampleExchange[]): Examples {
  const examples: Examples = {};
  const known = new Set<string>();
  for (const { name, summary, request, answer } of exchanges) {
    const text = JSON.stringify(request.body);
    if (answer.status >= 300 || known.has(text)) continue;
    known.add(text);
    examples[name] = { summary, value: request.body };
  }
  return examples;
}

function mapValues<T, U>(record: Readonly<Record<string, T>>, change: (value: T, key: string) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value, key)]));
}
