import { describe, expect, it } from 'vitest';
import { findRequests } from '../../../console/src/views/requests/find-requests.ts';

type Request = Parameters<typeof findRequests>[0][number];

const request = (id: string, state: Request['state'], emails: readonly string[] | null): Request =>
  ({ id, state, request: emails === null ? null : { emails, role: 'read_only', auth_method: 'okta' } }) as Request;

const REQUESTS = [
  request('one', 'accepted', ['Ann@acme.com']),
  request('two', 'unknown', ['bo@acme.com', 'cy@example.com']),
  request('three', 'unknown', null),
];

describe('the search among loaded requests', () => {
  it.each([
    ['', 'all', ['one', 'two', 'three']],
    ['  ANN@ ', 'all', ['one']],
    ['example.com', 'all', ['two']],
    ['okta', 'unknown', ['two']],
    ['read_', 'all', ['one', 'two']],
    ['hre', 'all', ['three']],
    ['', 'unknown', ['two', 'three']],
    ['ann', 'unknown', []],
  ] as const)('for "%s" in state %s finds %j', (text, state, ids) => {
    expect(findRequests(REQUESTS, { text, state }).map(({ id }) => id)).toEqual(ids);
  });
});
