/** /openapi.json against the OpenAPI 3.1 description itself and the recommended rules of Redocly, without an exception. */
import { createConfig, lintDocument, makeDocumentFromString, BaseResolver } from '@redocly/openapi-core';
import { describe, expect, it } from 'vitest';
import { createOpenApi } from '../../../src/openapi/document.ts';

async function lint(document: object): Promise<readonly string[]> {
  const config = await createConfig({ extends: ['recommended'] });
  const problems = await lintDocument({
    document: makeDocumentFromString(JSON.stringify(document), 'openapi.json'),
    externalRefResolver: new BaseResolver(config.resolve),
    config,
  });
  return problems.map(
    ({ ruleId, severity, message, location }) => `${severity} ${ruleId} ${location[0]?.pointer} ${message}`,
  );
}

const document = createOpenApi({ version: '1.2.3', publicUrl: 'https://invites.acme.com' });

describe('/openapi.json', () => {
  it.each([
    ['with its address', document],
    ['without an address', createOpenApi({ version: '1.2.3' })],
  ])('gives no warning under the recommended rules, %s', async (_, linted) => {
    expect(await lint(linted)).toEqual([]);
  });

  it('would be warned about', async () => {
    const { license: _, ...info } = document.info as { readonly license: object };
    expect(await lint({ ...document, info })).toEqual([expect.stringContaining('warn info-license')]);
    expect(await lint({ ...document, openapi: '3.1.0', tags: [{ description: 'no name' }] })).toContainEqual(
      expect.stringContaining('error struct'),
    );
  });
});
