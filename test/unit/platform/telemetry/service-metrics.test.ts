import { describe, expect, it } from 'vitest';
import { createMetrics } from '../../../../src/platform/node/telemetry/metrics.ts';
import { exposeService } from '../../../../src/platform/node/telemetry/service-metrics.ts';
import { createKeyUse } from '../../../../src/upstream/key-use.ts';
import { CURRENT_KEY, fixedSecrets, NEXT_KEY } from '../../../support/upstream.ts';

function setup(secrets = fixedSecrets(CURRENT_KEY, NEXT_KEY)) {
  const state = { ready: true, unknown: 0, isLedgerFailing: false, missing: null as number | null };
  const keyUse = createKeyUse();
  const metrics = createMetrics();
  exposeService(metrics, {
    service: { version: '1.2.3', runtime: 'node' },
    ledger: {
      countUnknown: async () =>
        state.isLedgerFailing ? await Promise.reject<number>(new Error('no ledger')) : state.unknown,
    },
    secrets,
    keyUse,
    groups: { missing: () => state.missing },
    readiness: async () => ({ ready: state.ready }),
  });
  return {
    state,
    keyUse,
    secrets,
    async levels(): Promise<string[]> {
      const { text } = await metrics.expose();
      return text
        .split('\n')
        .flatMap(
          (line) => /^galileo_invite_proxy_((?:build|ready|requests_unk|api_key|groups).*)/.exec(line)?.[1] ?? [],
        );
    },
  };
}

describe('the gauges of the service', () => {
  it('show the version, that it is ready, and no unknown outcome; nothing of keys before their first use', async () => {
    expect(await setup().levels()).toEqual([
      'build_info{version="1.2.3",runtime="node"} 1',
      'ready 1',
      'requests_unknown 0',
    ]);
  });

  it('show unknown outcomes, and are without them while the ledger cannot be read', async () => {
    const { state, levels } = setup();
    state.unknown = 3;
    expect(await levels()).toContain('requests_unknown 3');
    Object.assign(state, { ready: false, isLedgerFailing: true });
    expect((await levels()).slice(1)).toEqual(['ready 0']);
  });

  it('show for each slot whether Galileo took its key', async () => {
    const { keyUse, secrets, levels } = setup();
    const { current, next } = await secrets.galileoKeys();
    keyUse.note('current', current, false);
    expect(await levels()).toContain('api_key_usable{slot="current"} 0');
    if (next !== null) keyUse.note('next', next, true);
    expect((await levels()).slice(-2)).toEqual(['api_key_usable{slot="current"} 0', 'api_key_usable{slot="next"} 1']);
    keyUse.note('current', current, true);
    expect(await levels()).toContain('api_key_usable{slot="current"} 1');
  });

  it('show how many groups of the policy are missing, once that is known', async () => {
    const { state, levels } = setup();
    expect((await levels()).join('\n')).not.toContain('groups_missing');
    for (const missing of [0, 2]) {
      state.missing = missing;
      expect(await levels()).toContain(`groups_missing ${missing}`);
    }
  });

  it('show nothing of keys while none can be read', async () => {
    const { levels } = setup({ galileoKeys: () => Promise.reject(new Error('no file')) });
    expect((await levels()).join('\n')).not.toContain('api_key_usable');
  });
});
