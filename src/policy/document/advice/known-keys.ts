/**
 * The keys that a zod schema knows at a path of the document, for "did you mean". It reads the schema's own definition,
 * so a new key needs no second list.
 */
export interface Schema {
  readonly def: object;
}

/** Empty where the schema knows no keys by name. */
export function knownKeys(schema: Schema, path: readonly PropertyKey[]): readonly string[] {
  const inner = path.reduce<Schema | undefined>((at, step) => at && childOf(at, step), schema);
  const { shape } = definitionOf(inner);
  return shape === undefined ? [] : Object.keys(shape);
}

/** Of an object, an `optional`, a list and a record. */
interface Definition {
  readonly shape?: Readonly<Record<PropertyKey, Schema>>;
  readonly innerType?: Schema;
  readonly element?: Schema;
  readonly valueType?: Schema;
}

function childOf(schema: Schema, step: PropertyKey): Schema | undefined {
  const { shape, element, valueType } = definitionOf(schema);
  return shape === undefined ? (element ?? valueType) : shape[step];
}

function definitionOf(schema: Schema | undefined): Definition {
  const definition: Definition = schema?.def ?? {};
  return definition.innerType === undefined ? definition : definitionOf(definition.innerType);
}
