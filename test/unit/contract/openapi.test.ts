import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import { createOpenApi } from '../../../src/contract/openapi.ts';
import type { ProblemCode } from '../../../src/contract/problem.ts';
import { PROBLEMS, problem } from '../../../src/contract/problem.ts';
import { postInvite } from './invite-app.ts';

// oxlint-disable-next-line typescript/no-explicit-any -- the test walks the document as any client would.
type Json = any;

const document: Json = JSON.parse(
  JSON.stringify(createOpenApi({ version: '1.2.3', publicUrl: 'https://invites.acme.com' })),
);
const operations: Json[] = Object.values(document.paths).flatMap((path) => Object.values(path as object));
const answers: [name: string, answer: Json][] = operations.flatMap((operation) =>
  Object.entries(operation.responses).map(([status, answer]): [string, Json] => [
    `${operation.operationId} ${status}`,
    answer,
  ]),
);
const media: [name: string, content: Json][] = [
  ...answers.map(([name, answer]): [string, Json] => [name, answer.content ?? {}]),
  ...operations.map((operation): [string, Json] => [
    `${operation.operationId} body`,
    operation.requestBody?.content ?? {},
  ]),
].flatMap(([name, content]) =>
  Object.entries(content).map(([type, entry]): [string, Json] => [`${name} ${type}`, entry]),
);

/** Compiles a schema of the document with its references, as strictly as ajv can. */
function validator(schema: Json) {
  const ajv = new Ajv2020({ allErrors: true, strict: true, strictTypes: false, strictRequired: false });
  (addFormats as Json)(ajv);
  ajv.addFormat('uuid4', /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i);
  ajv.addVocabulary(['components']);
  return ajv.compile({ ...schema, components: document.components });
}

function everyObject(value: Json): Json[] {
  if (typeof value !== 'object' || value === null) return [];
  return [value, ...Object.values(value).flatMap(everyObject)];
}

describe('/openapi.json', () => {
  it('describes the routes this service has, each with a name of its own', () => {
    const ids = Object.entries<Json>(document.paths).flatMap(([path, methods]) =>
      Object.entries<Json>(methods).map(([method, { operationId }]) => `${method} ${path} ${operationId}`),
    );
    expect(ids).toEqual([
      'post /v2/invite_users inviteUsers',
      'get /v2/invite_policy getInvitePolicy',
      'get /v2/invite_requests listInviteRequests',
      'get /v2/invite_requests/{id} getInviteRequest',
      'get /audit/records getAuditRecords',
      'get /openapi.json getOpenApi',
      'get /livez getLiveness',
      'get /readyz getReadiness',
      'get /.well-known/oauth-protected-resource getProtectedResource',
    ]);
  });

  it('says its version and where it is served, if that is known', () => {
    expect(document.openapi).toBe('3.1.0');
    expect(document.info.version).toBe('1.2.3');
    expect(document.servers).toEqual([{ url: 'https://invites.acme.com' }]);
    expect(createOpenApi({ version: '1.2.3' }).servers).toEqual([{ url: '/' }]);
  });

  it('has a target for every reference', () => {
    const refs = everyObject(document).flatMap((value) =>
      typeof value.$ref === 'string' ? [value.$ref as string] : [],
    );
    expect(refs.length).toBeGreaterThan(50);
    for (const ref of refs) {
      const target = ref
        .split('/')
        .slice(1)
        .reduce<Json>((value, key) => value?.[key], document);
      expect([ref, typeof target]).toEqual([ref, 'object']);
    }
  });

  it('uses every component it has', () => {
    const text = JSON.stringify(document);
    for (const kind of ['schemas', 'headers']) {
      for (const name of Object.keys(document.components[kind])) {
        expect([name, text.includes(`"#/components/${kind}/${name}"`)]).toEqual([name, true]);
      }
    }
  });

  it('declares every path parameter, every tag and every security scheme it uses', () => {
    const tags = new Set(document.tags.map(({ name }: Json) => name));
    for (const [path, methods] of Object.entries<Json>(document.paths)) {
      for (const operation of Object.values<Json>(methods)) {
        const declared = (operation.parameters ?? [])
          .filter((one: Json) => one.in === 'path')
          .map((one: Json) => one.name);
        expect(declared).toEqual([...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]));
        expect(operation.tags.every((tag: string) => tags.has(tag))).toBe(true);
        for (const scheme of operation.security.flatMap(Object.keys))
          expect(document.components.securitySchemes).toHaveProperty(scheme);
      }
    }
  });

  it.each(media)('%s has a schema that compiles, and examples that it accepts', (_, { schema, example, examples }) => {
    const accepts = validator(schema);
    const values = [example, ...Object.values<Json>(examples ?? {}).map(({ value }) => value)].filter(
      (value) => value !== undefined,
    );
    for (const value of values) {
      accepts(value);
      expect(accepts.errors ?? []).toEqual([]);
    }
  });

  it.each(Object.keys(PROBLEMS) as ProblemCode[])('has an answer for the code %s, under its status', (code) => {
    const { status } = PROBLEMS[code];
    const schemas = operations
      .map((operation) => operation.responses[status ?? '4XX']?.content?.['application/problem+json']?.schema)
      .filter((schema) => schema?.allOf[1].properties.code.enum.includes(code));
    expect(schemas.length).toBeGreaterThan(0);
    const real = problem(code, '0190a5d4-7c3a-7b1e-9f60-3f5d0c2b9e11', status === null ? { status: 409 } : {});
    for (const schema of schemas) expect(validator(schema)(real)).toBe(true);
  });

  it('does not accept a problem under another status, with a made-up code or with members nobody promised', () => {
    const schema = operations[0].responses['403'].content['application/problem+json'].schema;
    const real = problem('policy_denied', '0190a5d4-7c3a-7b1e-9f60-3f5d0c2b9e11');
    expect(validator(schema)(real)).toBe(true);
    expect(validator(schema)({ ...real, status: 404 })).toBe(false);
    expect(validator(schema)({ ...real, code: 'not_found' })).toBe(false);
    expect(validator(schema)({ ...real, token: 'x' })).toBe(false);
  });

  it('lets Galileo refuse with a 4xx of its own under any status that means nothing else here', () => {
    const accepted = Object.entries<Json>(operations[0].responses)
      .filter(([, answer]) =>
        answer.content?.['application/problem+json']?.schema.allOf?.[1].properties.code.enum.includes(
          'upstream_refused',
        ),
      )
      .map(([status]) => status);
    expect(accepted).toEqual(['400', '403', '405', '409', '413', '415', '422', '4XX']);
  });

  it('accepts the bodies and the refusals that the service itself makes', async () => {
    const request = validator(operations[0].requestBody.content['application/json'].schema);
    const refused = validator(operations[0].responses['422'].content['application/json'].schema);
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

  it('tells which answers carry the id and the policy: all of them', () => {
    for (const [name, answer] of answers) {
      expect([name, Object.keys(answer.headers)]).toEqual([
        name,
        expect.arrayContaining(['X-Request-Id', 'Policy-Digest']),
      ]);
    }
  });
});
