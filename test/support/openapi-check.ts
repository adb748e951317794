/**
 * Checks an answer against the service's own /openapi.json: path, method, status, media type and header fields are
 * documented, and the body fits its schema. Throws an error with the difference. It has no knowledge of single routes. NDJSON is checked as
 * the array of its lines, as the document describes it.
 */
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { FOR_BROWSERS } from '../../src/openapi/header-fields.ts';

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: unknown;
}
interface Operation {
  readonly responses: Readonly<
    Record<
      string,
      {
        readonly $ref?: string;
        readonly headers?: object;
        readonly content?: Readonly<Record<string, { readonly schema?: object }>>;
      }
    >
  >;
}

/** Serves the document: an app, or a service over HTTP. */
interface Asked {
  request(path: string): Response | Promise<Response>;
}

interface Checker {
  readonly document: Document;
  readonly ajv: Ajv2020;
}

/** By what serves it: a service's document never changes, so it is read once. */
const byService = new WeakMap<Asked, Promise<Checker>>();
/** By the document's text: most services of a test file have the same document. */
const byText = new Map<string, Checker>();

/** Resolves when the answer is as documented. Paths without a route are not checked: no 404 is documented for them. */
export async function checkAgainstOpenApi(app: Asked, method: string, path: string, response: Response): Promise<void> {
  const { document, ajv } = await checkerOf(app);
  const template = findTemplate(document, path.split('?')[0] ?? '');
  const operation = template === null ? undefined : document.paths[template]?.[method.toLowerCase()];
  if (template === null || operation === undefined) return;
  const status = String(response.status);
  const place = `${method} ${template} ${status}`;
  const key = Object.keys(operation.responses).find((one) => one === status || one === `${status[0]}XX`);
  if (key === undefined) throw new Error(`${place} is not documented`);
  const pointer = `#/paths/${escape(template)}/${method.toLowerCase()}/responses/${key}`;
  const documented =
    operation.responses[key]?.$ref === undefined
      ? operation.responses[key]
      : resolve(document, operation.responses[key].$ref);
  checkFields(place, documented?.headers ?? {}, response.headers);
  const text = await response.clone().text();
  if (documented?.content === undefined) {
    if (text !== '') throw new Error(`${place} is documented without a body`);
    return;
  }
  const mediaType = (response.headers.get('Content-Type') ?? '').split(';')[0] ?? '';
  if (text === '' && mediaType === '') return;
  if (!(mediaType in documented.content)) throw new Error(`${place} is not documented as ${mediaType}`);
  if (documented.content[mediaType]?.schema === undefined) return;
  const base = operation.responses[key]?.$ref ?? pointer;
  const validate = ajv.getSchema(`openapi${base}/content/${escape(mediaType)}/schema`);
  if (validate === undefined) throw new Error(`${place} has no schema that compiles`);
  const body = readBody(mediaType, text);
  if (validate(body) !== true) throw new Error(`${place} does not fit: ${ajv.errorsText(validate.errors)}\n${text}`);
}

/** Of the connection or the platform, which may compress: OpenAPI describes the answer, whatever carries it. */
const OF_THE_TRANSPORT = [
  'connection',
  'keep-alive',
  'transfer-encoding',
  'content-encoding',
  'content-length',
  'date',
];
/** Known without a description of the operation: the media type, and what the document says of every answer. */
const ELSEWHERE = new Set(['content-type', ...OF_THE_TRANSPORT, ...lowerCase(Object.keys(FOR_BROWSERS))]);

function checkFields(place: string, documented: object, headers: Headers): void {
  const known = new Set(lowerCase(Object.keys(documented)));
  const others = [...headers.keys()].filter((name) => !known.has(name) && !ELSEWHERE.has(name));
  if (others.length > 0) throw new Error(`${place} is documented without the header field ${others.join(', ')}`);
}

function lowerCase(names: readonly string[]): readonly string[] {
  return names.map((name) => name.toLowerCase());
}

function readBody(mediaType: string, text: string): unknown {
  if (/[/+]json$/.test(mediaType)) return JSON.parse(text);
  if (mediaType !== 'application/x-ndjson') return text;
  if (text !== '' && !text.endsWith('\n')) throw new Error('NDJSON without a line end');
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as unknown);
}

function checkerOf(app: Asked): Promise<Checker> {
  const known = byService.get(app);
  if (known !== undefined) return known;
  const reading = readChecker(app);
  byService.set(app, reading);
  return reading;
}

async function readChecker(app: Asked): Promise<Checker> {
  const text = await (await app.request('/openapi.json')).text();
  const known = byText.get(text);
  if (known !== undefined) return known;
  const document = JSON.parse(text) as Document;
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  ajv.addFormat('uuid4', /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i);
  ajv.addSchema(document, 'openapi');
  const checker = { document, ajv };
  byText.set(text, checker);
  return checker;
}

function findTemplate(document: Document, path: string): string | null {
  const fits = (template: string): boolean =>
    new RegExp(`^${template.replaceAll(/[.]/g, '\\.').replaceAll(/\{[^}]+\}/g, '[^/]+')}$`).test(path);
  return Object.keys(document.paths).find(fits) ?? null;
}

function resolve(document: Document, ref: string): Operation['responses'][string] {
  const parts = ref.replace(/^#\//, '').split('/');
  return parts.reduce<unknown>(
    (value, part) => (value as Record<string, unknown>)[part.replaceAll('~1', '/').replaceAll('~0', '~')],
    document,
  ) as Operation['responses'][string];
}

function escape(part: string): string {
  return encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'));
}
