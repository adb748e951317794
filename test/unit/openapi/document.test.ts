import type { ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import { describeRecordSchema } from '../../../src/openapi/published-audit-schemas.ts';
import { createOpenApi } from '../../../src/openapi/document.ts';
import type { ProblemCode } from '../../../src/contract/problem.ts';
import { PROBLEMS, problem } from '../../../src/contract/problem.ts';
import { postInvite } from '../contract/invite-app.ts';

/** The document as a client reads it, after JSON. */
interface Document {
  readonly openapi: string;
  readonly info: { readonly version: string };
  readonly servers: unknown;
  readonly tags: readonly { readonly name: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: Readonly<Record<string, Readonly<Record<string, object>>>>;
}

interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly security: readonly object[];
  readonly parameters?: readonly { readonly in: string; readonly name: string }[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, Answer>>;
}

interface Answer {
  readonly headers: object;
  readonly content?: Content;
}

type Content = Readonly<Record<string, Media>>;

interface Media {
  readonly schema: ProblemSchema;
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
}

/** Any schema. In those of problems, this member lists the codes. */
interface ProblemSchema {
  readonly allOf?: readonly [unknown, { readonly properties: { readonly code: { readonly enum: readonly string[] } } }];
}

const options = { version: '1.2.3', publicUrl: 'https://invites.acme.com' };
const document = JSON.parse(JSON.stringify(createOpenApi(options))) as Document;
const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));
const invite = document.paths['/v2/invite_users']?.['post'] as Operation;
const answers = operations.flatMap(({ operationId, responses }) =>
  Object.entries(responses).map(([status, answer]) => ({ name: `${operationId} ${status}`, ...answer })),
);
const media = [
  ...answers,
  ...operations.map(({ operationId, requestBody }) => ({ name: `${operationId} body`, content: requestBody?.content })),
].flatMap(({ name, content }) =>
  Object.entries(content ?? {}).map(([type, entry]) => ({ name: `${name} ${type}`, ...entry })),
);

function schemaOf(answer: Answer | undefined, type: string): ProblemSchema {
  const schema = answer?.content?.[type]?.schema;
  if (schema === undefined) throw new Error(`no ${type} here`);
  return schema;
}

function codesOf(answer: Answer | undefined): readonly string[] {
  return answer?.content?.['application/problem+json']?.schema.allOf?.[1].properties.code.enum ?? [];
}

const ajv = new Ajv2020({ allErrors: true, strict: true, strictTypes: false, strictRequired: false });
addFormats.default(ajv);
ajv.addFormat('uuid4', /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i);
ajv.addVocabulary(['components']);
ajv.addSchema(outOfDocument({ $id: 'openapi', components: document.components }));

/** Compiles a schema of the document with its references, in ajv's strict mode. */
function validator(schema: object): ValidateFunction {
  return ajv.compile(outOfDocument(schema));
}

/** The same schema, with references that resolve outside the document. */
function outOfDocument(schema: object): object {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/components/', '"openapi#/components/')) as object;
}

function everyObject(value: unknown): object[] {
  if (typeof value !== 'object' || value === null) return [];
  return [value, ...Object.values(value).flatMap(everyObject)];
}

const PROGRESS = { $ref: '#/components/schemas/SearchProgress' };

describe('/openapi.json', () => {
  it('describes the routes of this service, each with its own operation id', () => {
    const ids = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { operationId }]) => `${method} ${path} ${operationId}`),
    );
    expect(ids).toEqual([
      'post /v2/invite_users inviteUsers',
      'get /v2/invite_policy getInvitePolicy',
      'get /v2/invite_requests listInviteRequests',
      'get /v2/invite_requests/{id} getInviteRequest',
      'post /v2/invite_requests/{id}/settlement settleInviteRequest',
      'get /audit/records getAuditRecords',
      'post /audit/search searchAuditRecords',
      'post /audit/counts countAuditRecords',
      'get /audit/status getAuditStatus',
      'get /audit/policies/{digest} getAuditPolicy',
      'get /openapi.json getOpenApi',
      'get /livez getLiveness',
      'get /readyz getReadiness',
      'get /.well-known/oauth-protected-resource getProtectedResource',
    ]);
  });

  it('contains its version and its public address, if that is known', () => {
    expect(document.openapi).toBe('3.1.0');
    expect(document.info.version).toBe('1.2.3');
    expect(document.servers).toEqual([{ url: 'https://invites.acme.com' }]);
    expect(createOpenApi({ version: '1.2.3' }).servers).toEqual([{ url: '/' }]);
  });

  it('has a target for every reference', () => {
    const refs = everyObject(document).flatMap((value) =>
      '$ref' in value && typeof value.$ref === 'string' ? [value.$ref] : [],
    );
    expect(refs.length).toBeGreaterThan(50);
    for (const ref of refs) {
      const [, root, kind = '', name = ''] = ref.split('/');
      expect([ref, root, typeof document.components[kind]?.[name]]).toEqual([ref, 'components', 'object']);
    }
  });

  it('uses every component it has', () => {
    const text = JSON.stringify(document);
    for (const kind of ['schemas', 'headers']) {
      for (const name of Object.keys(document.components[kind] ?? {})) {
        expect([name, text.includes(`"#/components/${kind}/${name}"`)]).toEqual([name, true]);
      }
    }
  });

  it('declares every path parameter, every tag and every security scheme it uses', () => {
    const tags = document.tags.map(({ name }) => name);
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const operation of Object.values(methods)) {
        const declared = (operation.parameters ?? []).filter((one) => one.in === 'path').map(({ name }) => name);
        expect(declared).toEqual([...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]));
        expect(tags).toEqual(expect.arrayContaining([...operation.tags]));
        const schemes = operation.security.flatMap((need) => Object.keys(need));
        for (const scheme of schemes) expect(document.components['securitySchemes']).toHaveProperty(scheme);
      }
    }
  });

  it.each(media)('$name has a schema that compiles, and examples that it accepts', ({ schema, example, examples }) => {
    const accepts = validator(schema);
    const values = [...(example === undefined ? [] : [{ value: example }]), ...Object.values(examples ?? {})];
    for (const { value } of values) {
      accepts(value);
      expect(accepts.errors ?? []).toEqual([]);
    }
  });

  it.each(Object.keys(PROBLEMS) as ProblemCode[])('has an answer for the code %s, under its status', (code) => {
    const { status } = PROBLEMS[code];
    const found = operations
      .map(({ responses }) => responses[status ?? '4XX'])
      .filter((answer) => codesOf(answer).includes(code));
    expect(found.length).toBeGreaterThan(0);
    const real = problem(
      code,
      { requestId: '0190a5d4-7c3a-7b1e-9f60-3f5d0c2b9e11' },
      status === null ? { status: 409 } : {},
    );
    for (const answer of found) expect(validator(schemaOf(answer, 'application/problem+json'))(real)).toBe(true);
  });

  it('does not accept a problem under another status, with a made-up code or with undocumented members', () => {
    const schema = schemaOf(invite.responses['403'], 'application/problem+json');
    const real = problem('policy_denied', { requestId: '0190a5d4-7c3a-7b1e-9f60-3f5d0c2b9e11' });
    expect(validator(schema)(real)).toBe(true);
    expect(validator(schema)({ ...real, status: 404 })).toBe(false);
    expect(validator(schema)({ ...real, code: 'not_found' })).toBe(false);
    expect(validator(schema)({ ...real, token: 'x' })).toBe(false);
  });

  it('lets Galileo refuse with a 4xx of its own under any status that means nothing else here', () => {
    const accepted = Object.entries(invite.responses)
      .filter(([, answer]) => codesOf(answer).includes('upstream_refused'))
      .map(([status]) => status);
    expect(accepted).toEqual(['400', '403', '405', '409', '413', '415', '422', '431', '4XX']);
  });

  it('accepts the bodies and the refusals that the service itself makes', async () => {
    const request = validator(invite.requestBody?.content['application/json']?.schema ?? {});
    const refused = validator(schemaOf(invite.responses['422'], 'application/json'));
    for (const body of [
      {},
      { emails: [1, 'x', 'ann@acme.com'], y: 1 },
      'null',
      '{',
      { emails: [], send_email: 'no' },
    ]) {
      const answer = await postInvite(body);
      expect(answer.status).toBe(422);
      expect(refused(answer.body)).toBe(true);
    }
    expect(request({ emails: ['ann@acme.com'] })).toBe(true);
    expect(request({ emails: ['ann@acme.com'], groupIds: [] })).toBe(false);
    expect(request({ emails: Array.from({ length: 501 }, () => 'ann@acme.com') })).toBe(false);
  });

  it('describes NDJSON as the array of its lines, each a record of the published schema or the end of a search', () => {
    const record = { $ref: '#/components/schemas/AuditRecord' };
    const itemsOf = { 'get /audit/records': record, 'post /audit/search': { anyOf: [record, PROGRESS] } };
    for (const [name, items] of Object.entries(itemsOf)) {
      const [method = '', path = ''] = name.split(' ');
      const answer = document.paths[path]?.[method]?.responses['200'];
      expect(answer?.content?.['application/x-ndjson']?.schema).toMatchObject({ type: 'array', items });
    }
    const { $schema: _, $id, title, description, ...published } = describeRecordSchema();
    expect(document.components['schemas']?.['AuditRecord']).toMatchObject(published);
    expect([$id, title, description]).toEqual([expect.any(String), expect.any(String), expect.any(String)]);
  });

  it('has no filter of the trail in a URL', () => {
    expect(document.paths['/audit/search']?.['post']?.parameters).toBeUndefined();
    expect(document.paths['/audit/records']?.['get']?.parameters?.map(({ name }) => name)).toEqual(['after']);
  });

  it('declares the request id and the policy digest on every answer', () => {
    for (const { name, headers } of answers) {
      expect([name, Object.keys(headers)]).toEqual([name, expect.arrayContaining(['X-Request-Id', 'Policy-Digest'])]);
    }
  });
});
