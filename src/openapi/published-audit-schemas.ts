/**
 * The published JSON Schemas (2020-12) of audit records and checkpoints, one document each, with a description of every
 * member. They are for docs/ and for tools that validate exported lines. No code that serves requests imports this
 * file.
 */
import * as z from 'zod';
import { auditRecordJsonSchema } from './audit-record-schema.ts';
import { checkpointSchema } from '../audit/checkpoint/checkpoint.ts';

type Schema = Readonly<Record<string, unknown>>;

/** Names, not addresses to fetch. The number changes when a line that was valid is no longer valid. */
const RECORD_ID = 'urn:galileo-invite-proxy:audit-record:1';
const CHECKPOINT_ID = 'urn:galileo-invite-proxy:audit-checkpoint:1';
const DIALECT = 'https://json-schema.org/draft/2020-12/schema';

export function describeRecordSchema(): Schema {
  return {
    $schema: DIALECT,
    $id: RECORD_ID,
    description: 'One record of the audit trail. Its line is the RFC 8785 text.',
    ...auditRecordJsonSchema(),
    title: 'Galileo invite proxy: audit record',
  };
}

export function describeCheckpointSchema(): Schema {
  const { $schema: _, ...schema } = z.toJSONSchema(checkpointSchema, { target: 'draft-2020-12' });
  return {
    $schema: DIALECT,
    $id: CHECKPOINT_ID,
    title: 'Galileo invite proxy: audit checkpoint',
    description: 'Where the chain stood at a time. Its line is the RFC 8785 text.',
    ...annotate(schema, CHECKPOINT_DESCRIPTIONS),
  };
}

/** A description of each member of a checkpoint. */
const CHECKPOINT_DESCRIPTIONS: Descriptions = {
  kind: 'Distinguishes a checkpoint from a record.',
  id: 'UUIDv7; identifies repeated deliveries.',
  time: 'When it was made, by the clock of the ledger.',
  count: 'How many records the chain had: the `seq` of the last one.',
  head: 'The `hash` of that record.',
  previous: 'SHA-256 of the line of the checkpoint before, as 64 hex digits; null for the first one.',
  signature: 'Left out when the service has no signing key.',
  'signature.algorithm': 'RFC 8032.',
  'signature.key_id': 'First 16 hex digits of the SHA-256 of the raw public key.',
  'signature.value': 'Hex, over the RFC 8785 text of the checkpoint without `signature`.',
};

type Descriptions = Readonly<Record<string, string>>;

function annotate(schema: Schema, descriptions: Descriptions, place = ''): Schema {
  const { properties } = schema as { readonly properties?: Readonly<Record<string, Schema>> };
  if (properties === undefined) return schema;
  const entries = Object.entries(properties).map(([name, inner]) => {
    const description = descriptions[`${place}${name}`];
    return [
      name,
      { ...annotate(inner, descriptions, `${place}${name}.`), ...(description === undefined ? {} : { description }) },
    ];
  });
  return { ...schema, properties: Object.fromEntries(entries) as Schema };
}
