/** The examples of /openapi.json are complete, and each has its place. test/http/openapi sends them. */
import { describe, expect, it } from 'vitest';
import { PROBLEMS } from '../../../src/contract/problem.ts';
import type { ProblemCode } from '../../../src/contract/problem.ts';
import { createOpenApi } from '../../../src/openapi/document.ts';
import { EXAMPLE_EXCHANGES } from '../../../src/openapi/examples/exchanges.ts';
import type { ExampleExchange } from '../../../src/openapi/examples/exchange.ts';

interface Media {
  readonly schema: {
    readonly allOf?: readonly { readonly properties?: { readonly code?: { readonly enum: readonly ProblemCode[] } } }[];
  };
  readonly examples?: Readonly<Record<string, { readonly summary: string; readonly value: unknown }>>;
}
type Content = Readonly<Record<string, Media>>;
interface Operation {
  readonly operationId: string;
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>;
}

const { paths } = JSON.parse(
  JSON.stringify(createOpenApi({ version: '1', publicUrl: 'https://invites.acme.com' })),
) as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
};

const operations = Object.entries(paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, ...operation })),
);
const answers = operations.flatMap(({ operationId, responses }) =>
  Object.entries(responses).flatMap(([status, { content = {} }]) =>
    Object.entries(content).map(([type, media]) => ({ operationId, status, type, ...media })),
  ),
);

const keyOf = ({ operationId, name, answer }: ExampleExchange): string => `${operationId} ${answer.status} ${name}`;

/** Answers without an example, each for a reason. */
const WITHOUT_EXAMPLE: Readonly<Record<string, string>> = {
  'inviteUsers 2XX application/json': "Galileo's own; the example has no body",
  'getOpenApi 200 application/json': 'this document',
};

describe('an example', () => {
  it('has a name of its own among the answers of one status', () => {
    const keys = EXAMPLE_EXCHANGES.map(keyOf);
    expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([]);
  });

  it.each(EXAMPLE_EXCHANGES)('$operationId $name asks that operation', ({ operationId, request, answer }) => {
    const operation = operations.find((one) => one.operationId === operationId);
    // Refused before any operation is found.
    if (answer.status === 400 && request.path.endsWith('//')) return;
    const template = new RegExp(`^${operation?.path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}(?:\\?|$)`);
    expect(request.path).toMatch(template);
    if (answer.status !== 405) expect(request.method).toBe(operation?.method.toUpperCase());
  });

  it('is published with its answer, under its status and media type', () => {
    const published = answers.flatMap(({ operationId, type, examples = {} }) =>
      Object.entries(examples).map(([name, { value }]) => JSON.stringify([operationId, type, name, value])),
    );
    const sent = EXAMPLE_EXCHANGES.filter(({ answer }) => answer.body !== undefined).map(
      ({ operationId, name, answer }) =>
        JSON.stringify([operationId, answer.headers['Content-Type'], name, answer.body]),
    );
    expect(published.toSorted()).toEqual(sent.toSorted());
  });

  it('of a request body is one that the service accepted', () => {
    for (const { operationId, requestBody } of operations) {
      if (requestBody === undefined) continue;
      const examples = Object.entries(requestBody.content['application/json']?.examples ?? {});
      expect(examples.length).toBeGreaterThan(1);
      for (const [name, { value }] of examples) {
        const exchange = EXAMPLE_EXCHANGES.find((one) => one.operationId === operationId && one.name === name);
        expect([exchange?.request.body, (exchange?.answer.status ?? 500) < 300]).toEqual([value, true]);
      }
    }
  });
});

describe('an answer', () => {
  it.each(answers.filter(({ status }) => status !== 'default'))(
    '$operationId $status $type has an example, or a reason',
    ({ operationId, status, type, examples }) => {
      expect(examples === undefined).toBe(`${operationId} ${status} ${type}` in WITHOUT_EXAMPLE);
    },
  );

  it.each(operations)('of $operationId has an example for each problem code', ({ operationId, responses }) => {
    for (const { content = {} } of Object.values(responses)) {
      const codes = content['application/problem+json']?.schema.allOf?.[1]?.properties?.code?.enum ?? [];
      for (const code of codes) {
        const examples = EXAMPLE_EXCHANGES.filter((one) => one.operationId === operationId && one.name === code);
        expect([code, examples.length > 0]).toEqual([code, true]);
        for (const { answer } of examples) expect(answer.body).toMatchObject({ code, title: PROBLEMS[code].title });
      }
    }
  });
});
