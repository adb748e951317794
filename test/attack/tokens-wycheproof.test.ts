import { existsSync, readFileSync } from 'node:fs';

import { compactVerify } from 'jose';
import type { JWK } from 'jose';
import { describe, expect, it } from 'vitest';

import { ALGORITHM_NAMES } from '../../src/auth/keys/algorithms.ts';
import { issuerProfile } from '../../src/auth/issuer-profile.ts';
import { readHeader, splitToken } from '../../src/auth/token/token-grammar.ts';
import { selectUsableKeys } from '../../src/auth/keys/verification-key.ts';
import { createFakeClock } from '../support/clock.ts';
import { AUDIENCE, document, ISSUER, testDocuments, testVerifier, verdict } from '../support/tokens.ts';

/**
 * The JWS vectors of C2SP/wycheproof. Each vector's key is the issuer's whole key set. The payloads are not claims, so
 * the complete verifier refuses all of them. A second pass therefore leaves the claims out and checks form, header, key
 * and signature only. There the valid vectors must pass too.
 */
const FILE = new URL('../../../shared/testdata/wycheproof-jws.json', import.meta.url);
const present = existsSync(FILE);

interface Vector {
  readonly tcId: number;
  readonly comment: string;
  readonly jws: string;
  readonly result: 'valid' | 'invalid';
}
interface Group {
  readonly comment: string;
  readonly public?: JWK;
  readonly private: JWK;
  readonly tests: readonly Vector[];
}

const groups: readonly Group[] = present
  ? (JSON.parse(readFileSync(FILE, 'utf8')) as { testGroups: Group[] }).testGroups
  : [];
const vectors = groups.flatMap((group) =>
  group.tests.map((test) => ({ ...test, key: group.public ?? group.private, group: group.comment })),
);
const title = (text: string): string => (present ? text : `${text} (skipped: the published vectors are not here)`);

/** Vectors that are marked as valid and refused here on purpose. */
const STRICTER: Readonly<Record<string, string>> = {
  emptyPayload: 'nothing signed is no claims',
  hs256: 'a shared secret is no key of an issuer',
  base64: 'a shared secret is no key of an issuer',
  'rfc7520 ES521': 'the key names an algorithm that does not exist (RFC 7518 has ES512)',
  'rfc7520WithKeyOps ES521': 'the key names an algorithm that does not exist (RFC 7518 has ES512)',
};

const profile = {
  ...issuerProfile({ name: 'corp', issuer: ISSUER, audience: AUDIENCE, algorithms: ALGORITHM_NAMES }),
  tokenTypeRequired: false,
};

async function passes(jws: string, key: JWK): Promise<boolean> {
  const segments = splitToken(jws);
  if (segments.kind === 'refused') return false;
  const header = readHeader(JSON.parse(new TextDecoder().decode(segments.header)) as Record<string, unknown>, profile);
  if (header.kind === 'refused') return false;
  const [usable] = (await selectUsableKeys({ keys: [key] }, profile.algorithms))?.usable ?? [];
  const imported = usable?.keyId === header.keyId ? usable.byAlgorithm.get(header.algorithm) : undefined;
  if (imported === undefined) return false;
  return compactVerify(jws, imported, { algorithms: [header.algorithm] }).then(
    () => true,
    () => false,
  );
}

describe('the published JWS vectors', () => {
  it.skipIf(!present)(title('are all refused by the verifier where they are invalid'), async () => {
    const invalid = vectors.filter(({ result }) => result === 'invalid');
    expect(invalid.length).toBeGreaterThan(100);
    for (const { jws, key, tcId } of invalid) {
      const documents = testDocuments(() => document(JSON.stringify({ keys: [key] })));
      const verifier = testVerifier({
        fetchDocument: documents.fetchDocument,
        clock: createFakeClock(),
        issuers: [{ name: 'corp', issuer: ISSUER, audience: AUDIENCE, jwks_uri: `${ISSUER}/jwks` }],
      });
      expect(await verdict(verifier, jws), `vector ${tcId}`).toMatch(/^refused:/);
    }
  });

  it.skipIf(!present)(
    title('are refused for form, header, key or signature alone where they are invalid'),
    async () => {
      const accepted = [];
      for (const { jws, key, tcId, comment, result } of vectors) {
        if (result === 'invalid' && (await passes(jws, key))) accepted.push(`${tcId} ${comment}`);
      }
      expect(accepted).toEqual([]);
    },
  );

  it.skipIf(!present)(title('pass where they are valid, but for those that we refuse on purpose'), async () => {
    const refused = new Set<string>();
    let passed = 0;
    for (const { jws, key, group, comment, result } of vectors) {
      if (result !== 'valid') continue;
      if (await passes(jws, key)) passed += 1;
      else if (comment === 'emptyPayload') refused.add(comment);
      else refused.add(key.alg === 'ES521' ? `${group} ES521` : group);
    }
    expect([...refused].toSorted()).toEqual(Object.keys(STRICTER).toSorted());
    expect(passed).toBeGreaterThanOrEqual(15);
  });
});
