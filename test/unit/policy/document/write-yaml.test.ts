import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readPolicy } from '../../../../src/policy/load.ts';
import { writePolicy } from '../../../../src/policy/write-yaml.ts';
import { EXAMPLE_POLICY } from '../../../support/policy.ts';

function read(text: string) {
  const result = readPolicy(text, { issuers: 'any' });
  if (result.kind === 'refused') throw new Error(JSON.stringify(result.problems));
  return result;
}

/** As the ledger gives it: parsed from the canonical text. */
const stored = (text: string): unknown => JSON.parse(read(text).canonical);

const SHIPPED = readdirSync('examples/policies').map((name) => `examples/policies/${name}`);

describe('a policy that is written as YAML', () => {
  it.each([...SHIPPED, 'dev/policy.yaml'])('is the same policy when it is read again: %s', (path) => {
    const text = readFileSync(path, 'utf8');
    const { digest } = read(text).policy;
    const written = writePolicy(stored(text), digest) ?? '';
    expect(read(written).policy.digest).toBe(digest);
    expect(read(written).file).toEqual(read(text).file);
  });

  it('has its parts and the keys of its rules in the order of the documentation', () => {
    const written = writePolicy(stored(EXAMPLE_POLICY), read(EXAMPLE_POLICY).policy.digest) ?? '';
    const parts = [...written.matchAll(/^(\w+):/gm)].map((match) => match[1]);
    expect(parts).toEqual(['version', 'domains', 'groups', 'callers', 'force', 'rules', 'quotas', 'tests']);
    expect(written).toMatch(/^ {2}- id: hr-staff\n {4}allow:$/m);
  });

  it('keeps texts that YAML would read as something else', () => {
    const text = `version: 1
callers: { "no": { issuer: corp, client_id: ["12345", "true", "1e10", "null", " x", "a: b", "- c"] } }
rules: [{ id: "on", allow: ["no"], domains: [acme.com], roles: any, auth_methods: any, note: "Ask: IT # now" }]
`;
    const { digest } = read(text).policy;
    expect(read(writePolicy(stored(text), digest) ?? '').policy.digest).toBe(digest);
  });

  it('is none when it would not be read as the same', () => {
    expect(writePolicy(stored(EXAMPLE_POLICY), 'ab'.repeat(32))).toBeNull();
    expect(writePolicy({ version: 1, rules: [], groups: { 'a\u200bb': 'x' } }, 'ab'.repeat(32))).toBeNull();
  });
});
