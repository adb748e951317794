/**
 * Generates client/src/api-types.ts from the published contract: the types of what the client sends and receives, and
 * nothing that runs. The generator comes with its own compiler in this folder, because TypeScript 7 has no API for it.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@hey-api/openapi-ts';
import { createOpenApi } from '../../src/openapi/document.ts';

const HEAD = `/** The wire of the invite service, generated from its contract by \`npm run docs\`. Not to be edited. */\n`;

/** The schemas that the client names, with everything that they refer to. */
const SCHEMAS = [
  'AddressDecision',
  'AuditCounts',
  'AuditCountsRequest',
  'AuditRecord',
  'AuditSearch',
  'AuditStatus',
  'DryRun',
  'InvalidRequest',
  'InvitePolicy',
  'InviteRequest',
  'InviteRequestPage',
  'InviteUsersRequest',
  'MalformedEntry',
  'PartlySent',
  'Problem',
  'Settlement',
];

/** Written for generated clients only, whatever is filtered. */
const OF_A_CLIENT = /\nexport type ClientOptions = \{\n.*\n\};\n/;

export async function describeApiTypes(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'api-types-'));
  try {
    await createClient({
      input: { ...createOpenApi({ version: '0' }), paths: {} },
      output: { path: folder, entryFile: false },
      parser: { filters: { schemas: { include: SCHEMAS }, orphans: true } },
      plugins: ['@hey-api/typescript'],
      logs: { level: 'silent', file: false },
    });
    const text = await readFile(join(folder, 'types.gen.ts'), 'utf8');
    return HEAD + text.slice(text.indexOf('\n\n') + 1).replace(OF_A_CLIENT, '');
  } finally {
    await rm(folder, { recursive: true });
  }
}
