/**
 * Short builders of JSON Schema 2020-12, for the handwritten parts of /openapi.json.
 * Not a validator and not a type generator.
 */
export type JsonSchema = Readonly<Record<string, unknown>>;

export const TEXT = { type: 'string' };
export const COUNT = { type: 'integer', minimum: 0 };
export const INSTANT = { type: 'string', format: 'date-time' };

export function schemaRef(name: string): JsonSchema {
  return { $ref: `#/components/schemas/${name}` };
}

export function listOf(items: JsonSchema): JsonSchema {
  return { type: 'array', items };
}

export function oneOf(values: readonly string[]): JsonSchema {
  return { type: 'string', enum: values };
}

export function nullable(schema: JsonSchema): JsonSchema {
  return { anyOf: [schema, { type: 'null' }] };
}

export interface ObjectOptions {
  readonly description?: string;
  /** Members that may be absent; all others are required. */
  readonly optional?: readonly string[];
  /** Whether additional members are allowed. */
  readonly open?: boolean;
}

export function object(properties: Readonly<Record<string, JsonSchema>>, options: ObjectOptions = {}): JsonSchema {
  const { description, optional = [], open = false } = options;
  return {
    type: 'object',
    ...(description === undefined ? {} : { description }),
    properties,
    required: Object.keys(properties).filter((name) => !optional.includes(name)),
    additionalProperties: open,
  };
}
