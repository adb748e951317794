/** The page /docs, as tools/reference makes it from the contract. */
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { PROBLEMS } from '../../../src/contract/problem.ts';
import type { OpenApiDocument } from '../../../src/openapi/localize.ts';
import { createOpenApi } from '../../../src/openapi/document.ts';
import type { ExampleExchange } from '../../../src/openapi/examples/exchange.ts';
import { EXAMPLE_EXCHANGES } from '../../../src/openapi/examples/exchanges.ts';
import { referencePage } from '../../../tools/reference/page.ts';

const BASE_URL = 'https://invites.example.com';
const DOCUMENT = createOpenApi({ version: '1.2.3', publicUrl: BASE_URL });

const pageOf = (document: OpenApiDocument, exchanges = EXAMPLE_EXCHANGES): Promise<string> =>
  referencePage(document, { exchanges, baseUrl: BASE_URL });

const allOf = (page: string, pattern: RegExp): readonly string[] =>
  [...page.matchAll(pattern)].map(([, found = '']) => found);

describe('the reference', () => {
  it('shows every operation, schema, header field and problem code of the contract', async () => {
    const page = await pageOf(DOCUMENT);
    const ids = allOf(page, / id="([^"]*)"/g);
    const operations = Object.values(DOCUMENT.paths).flatMap((methods) =>
      Object.values(methods).map(({ operationId }) => operationId),
    );
    expect(operations.length).toBeGreaterThan(10);
    expect(ids).toEqual(expect.arrayContaining(operations));
    expect(ids).toEqual(expect.arrayContaining(Object.keys(PROBLEMS)));
    expect(ids).toEqual(expect.arrayContaining(Object.keys(DOCUMENT.components['schemas'] as object)));
    for (const name of Object.keys(DOCUMENT.components['headers'] as object)) {
      expect(page).toContain(`<code>${name}</code>`);
    }
  });

  it('has each address once, and a place for every link within the page', async () => {
    const page = await pageOf(DOCUMENT);
    const ids = allOf(page, / id="([^"]*)"/g);
    expect(new Set(ids).size).toBe(ids.length);
    const links = allOf(page, / href="#([^"]*)"/g);
    expect(links.length).toBeGreaterThan(100);
    expect(links.filter((link) => !ids.includes(link))).toEqual([]);
  });

  it('shows a list of the contract as a list, and the header fields for browsers beside the others', async () => {
    const page = await pageOf(DOCUMENT);
    expect(page).toMatch(/for browsers:<\/p>\s*<ul>\s*<li><code>Access-Control-Allow-Credentials<\/code>: /);
    expect(page).toContain('<li><code>X-Frame-Options</code>: <code>DENY</code></li>');
    expect(page).not.toMatch(/<\/code>\s+- <code>/);
    expect(page.indexOf('for browsers:')).toBeGreaterThan(page.indexOf('<h2 id="headers">'));
  });

  it('names every table and skips no level of headings', async () => {
    const page = await pageOf(DOCUMENT);
    expect(allOf(page, /(<table)/g).length).toBe(allOf(page, /(<caption)/g).length);
    const levels = allOf(page, /<h(\d)/g).map(Number);
    expect(levels.filter((level) => level === 1)).toHaveLength(1);
    expect(levels.filter((level, index) => level > (levels[index - 1] ?? 0) + 1)).toEqual([]);
  });

  it('has no script, no inline style and no address of another origin to load from', async () => {
    const page = await pageOf(DOCUMENT);
    expect(page).not.toMatch(/<script|<style|<iframe|<form|\sstyle=|\son[a-z]+=|javascript:/i);
    expect(allOf(page, /<(?:link|img|source)[^>]* (?:href|src)="([^"]*)"/g)).toEqual([
      '/docs/icon.svg',
      '/docs/page.css',
    ]);
  });

  it('shows hostile text of the contract as text, wherever it stands', async () => {
    const hostile = `"'><script>alert(1)</script><img src=x onerror=alert(1)>&lt;`;
    const poisoned = poison(DOCUMENT, hostile) as OpenApiDocument;
    const page = await pageOf(poisoned, poison(EXAMPLE_EXCHANGES, hostile) as readonly ExampleExchange[]);
    expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    // Every mark of the hostile text is escaped, so the page has the same elements as before.
    const elements = (text: string): readonly string[] => allOf(text, /<([a-z!/][a-z0-9]*)/gi);
    expect(new Set(elements(page))).toEqual(new Set(elements(await pageOf(DOCUMENT))));
    expect(page).not.toContain(hostile);
    // In a value of an attribute it is text, too: a quotation mark in the page is always one of the markup.
    expect(page.replaceAll(/"[^"]*"/g, '""')).not.toMatch(/<[^>]*onerror/);
    expect(page).toContain('&amp;lt;');
  });

  it('is in the repository as the service serves it', async () => {
    const built = await readFile(new URL('../../../pages/docs/page.html', import.meta.url), 'utf8');
    expect(built).toContain('<h1>Galileo invite proxy</h1>');
    expect(built.startsWith('<!doctype html>\n<html lang="en">')).toBe(true);
  });
});

/** The names by which the document refers to itself. */
const STRUCTURE = new Set(['$ref', 'operationId', 'in', 'type']);

/** Puts `hostile` after every text, and into every name of a member of a schema. */
function poison(value: unknown, hostile: string, key = ''): unknown {
  if (STRUCTURE.has(key)) return value;
  if (typeof value === 'string') return `${value}${hostile}`;
  if (Array.isArray(value)) return value.map((entry) => poison(entry, hostile));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      key === 'properties' ? `${name}${hostile}` : name,
      poison(member, hostile, name),
    ]),
  );
}
