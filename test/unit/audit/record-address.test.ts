import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createRecordAddress, isHmacForm } from '../../../src/audit/record-address.ts';
import { emailAddress } from '../../../src/contract/email-address.ts';

const KEY = new TextEncoder().encode('a-key-of-thirty-two-bytes-or-more');

describe('an address in the trail', () => {
  it('is recorded as it was given', () => {
    expect(createRecordAddress({ kind: 'plain' })('Ann@Acme.com')).toBe('Ann@Acme.com');
  });

  it('is recorded as its HMAC-SHA-256, the same that an independent implementation computes', () => {
    const expected = createHmac('sha256', KEY).update('ann@acme.com').digest('hex');
    expect(createRecordAddress({ kind: 'hmac', key: KEY })('ann@acme.com')).toBe(`hmac-sha256:${expected}`);
  });

  it('has one HMAC in upper and lower case, and another one under another key', () => {
    const recordAddress = createRecordAddress({ kind: 'hmac', key: KEY });
    expect(recordAddress('Ann@ACME.com')).toBe(recordAddress('ann@acme.com'));
    expect(recordAddress('bob@acme.com')).not.toBe(recordAddress('ann@acme.com'));
    const other = createRecordAddress({ kind: 'hmac', key: KEY.map((byte) => byte ^ 1) });
    expect(other('ann@acme.com')).not.toBe(recordAddress('ann@acme.com'));
  });

  it('is distinguished from an HMAC, which is never an address', () => {
    const form = createRecordAddress({ kind: 'hmac', key: KEY })('ann@acme.com');
    expect(isHmacForm(form)).toBe(true);
    expect(emailAddress(form)).toBeNull();
    for (const other of ['ann@acme.com', 'hmac-sha256:', form.slice(0, -1), `${form}0`, form.toUpperCase()])
      expect(isHmacForm(other)).toBe(false);
  });

  it('takes no key that is shorter than the hash', () => {
    expect(() => createRecordAddress({ kind: 'hmac', key: KEY.slice(0, 31) })).toThrow(RangeError);
    expect(() => createRecordAddress({ kind: 'hmac', key: KEY.slice(0, 32) })).not.toThrow();
  });
});
