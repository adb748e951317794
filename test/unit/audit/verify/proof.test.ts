import { describe, expect, it } from 'vitest';
import { isProvenBySignature, proofOf } from '../../../../src/audit/verify/proof.ts';

const NO_SIGNATURES = { valid: 0, invalid: 0, unknown_key: 0, unsigned: 0, unchecked: 0 };
const provenTo = (signedTo: number | null, to: number, from = 1) =>
  proofOf({
    extent: { from, to },
    vouched: { keptTo: null, signedTo },
    signatures: NO_SIGNATURES,
    hasNewerLines: false,
  });

describe('what a verification proves', () => {
  it('are the records that a valid signature covers, and the rest is not vouched for', () => {
    expect(provenTo(25, 40)).toMatchObject({
      proven: [{ from: 1, to: 25, against: 'signature' }],
      not_vouched: { from: 26, to: 40 },
    });
    expect(provenTo(40, 40)).toMatchObject({ not_vouched: null });
  });

  it('is nothing by a signature that only covers records before the first one', () => {
    expect(provenTo(10, 30, 11)).toMatchObject({ proven: [], not_vouched: { from: 11, to: 30 } });
    expect(isProvenBySignature(provenTo(10, 30, 11))).toBe(false);
    expect(isProvenBySignature(provenTo(11, 30, 11))).toBe(true);
  });

  it('is not enough when more records follow the last covered one than the service leaves', () => {
    expect(isProvenBySignature(provenTo(1, 30_001))).toBe(true);
    expect(isProvenBySignature(provenTo(1, 30_002))).toBe(false);
    expect(isProvenBySignature(provenTo(null, 1))).toBe(false);
  });
});
