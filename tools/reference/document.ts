/**
 * The part of an OpenAPI 3.1 document that the reference shows, with its types. Reads nothing from anywhere: the page
 * shows what /openapi.json says.
 */
import type { OpenApiDocument } from '../../src/openapi/localize.ts';

export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly title?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly format?: string;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
}

export interface Parameter {
  readonly name: string;
  readonly in: 'query' | 'header' | 'path';
  readonly required: boolean;
  readonly description: string;
  readonly schema: Schema;
  readonly example?: string;
}

export interface Content {
  readonly schema?: Schema;
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, { readonly summary?: string; readonly value: unknown }>>;
}

export interface Answer {
  readonly description: string;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly content?: Readonly<Record<string, Content>>;
}

export interface Operation {
  readonly method: string;
  readonly path: string;
  readonly operationId: string;
  readonly tag: string;
  readonly summary: string;
  readonly description: string;
  /** Any of them is enough; none: open to everyone. */
  readonly scopes: readonly string[];
  readonly parameters: readonly Parameter[];
  readonly requestBody: Content | null;
  readonly answers: readonly (readonly [status: string, Answer])[];
}

export interface Tag {
  readonly name: string;
  readonly description: string;
}

export interface HeaderField {
  readonly description: string;
  readonly example?: string;
}

export interface Reference {
  readonly title: string;
  readonly version: string;
  readonly description: string;
  /** The paragraphs of the description that end in a list: the header fields of every answer that browsers read. */
  readonly furtherHeaders: string;
  readonly tags: readonly Tag[];
  readonly operations: readonly Operation[];
  readonly headers: readonly (readonly [name: string, HeaderField])[];
  readonly schemas: readonly (readonly [name: string, Schema])[];
}

const JSON_TYPE = 'application/json';

/** An operation of the document as it is written there. */
interface WrittenOperation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description?: string;
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, Content>> };
  readonly responses: Readonly<Record<string, Answer & { readonly $ref?: string }>>;
}

/** The document in the order in which the page shows it. */
export function readReference(document: OpenApiDocument): Reference {
  const { schemas, headers, responses } = document.components as unknown as {
    readonly schemas: Readonly<Record<string, Schema>>;
    readonly headers: Readonly<Record<string, HeaderField>>;
    readonly responses?: Readonly<Record<string, Answer>>;
  };
  const { title, version, description: whole = '' } = document.info as Readonly<Record<string, string>>;
  const [description = '', ...lists] = whole.split(/\n\n(?=[^\n]*\n- )/);
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, written]): Operation => {
      const operation = written as unknown as WrittenOperation;
      return {
        method: method.toUpperCase(),
        path,
        operationId: operation.operationId,
        tag: operation.tags[0] ?? '',
        summary: operation.summary,
        description: operation.description ?? '',
        scopes: (operation.security ?? []).flatMap((way) => Object.values(way).flat()),
        parameters: operation.parameters ?? [],
        requestBody: operation.requestBody?.content[JSON_TYPE] ?? null,
        answers: Object.entries(operation.responses).map(([status, answer]) => [
          status,
          answer.$ref === undefined ? answer : (responses?.[nameOf(answer.$ref)] ?? answer),
        ]),
      };
    }),
  );
  return {
    title: title ?? '',
    version: version ?? '',
    description,
    furtherHeaders: lists.join('\n\n'),
    tags: document.tags as unknown as readonly Tag[],
    operations,
    headers: Object.entries(headers),
    schemas: Object.entries(schemas),
  };
}

/** The last part of a reference: the name of the component. */
export function nameOf(ref: string): string {
  return ref.slice(ref.lastIndexOf('/') + 1);
}
