import { describe, expect, it } from 'vitest';

import { createSecrets } from '../../../src/platform/workers/secrets.ts';
import { CURRENT_KEY, NEXT_KEY } from '../../support/upstream.ts';

describe('keys from bindings', () => {
  it('are taken as they are, without one trailing newline', async () => {
    const { current, next } = await createSecrets({
      galileoApiKey: `${CURRENT_KEY}\n`,
      galileoApiKeyNext: NEXT_KEY,
    }).galileoKeys();
    expect([current.reveal(), next?.reveal()]).toEqual([CURRENT_KEY, NEXT_KEY]);
  });

  it('may come without a next one', async () => {
    expect((await createSecrets({ galileoApiKey: CURRENT_KEY }).galileoKeys()).next).toBeNull();
  });

  it('are refused without any key', () => {
    expect(() => createSecrets({})).toThrow('GALILEO_API_KEY must be set');
  });

  it('are refused with every problem at once', () => {
    expect(() => createSecrets({ galileoApiKey: '', galileoApiKeyNext: `${CURRENT_KEY} ` })).toThrow(
      'GALILEO_API_KEY is empty\nGALILEO_API_KEY_NEXT holds a space',
    );
  });
});
