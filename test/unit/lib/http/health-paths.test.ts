import { describe, expect, it } from 'vitest';
import { isHealthPath } from '../../../../src/lib/http/health-paths.ts';

describe('the paths of health', () => {
  it.each(['/livez', '/livez/', '/readyz', '/readyz/'])('have %s', (path) => {
    expect(isHealthPath(path)).toBe(true);
  });

  it.each(['', '/', '/livez//', '//livez', '/livez/x', '/LIVEZ', '/livez?', '/v2/invite_users'])(
    'do not have %j',
    (path) => {
      expect(isHealthPath(path)).toBe(false);
    },
  );
});
