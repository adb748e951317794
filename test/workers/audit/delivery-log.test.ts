import { describe, expect, it } from 'vitest';
import { verifyChain } from '../../../src/audit/chain.ts';
import { readDeliveredLine } from '../../../src/audit/line-forms/delivered-line.ts';
import { createObjectPorts } from '../../../src/platform/workers/ledger/ports.ts';
import { createLogger, createStdoutSink } from '../../../src/platform/workers/telemetry/logger.ts';
import { testUuid7 } from '../../support/clock.ts';
import { ED25519_VECTORS } from '../../support/ed25519-vectors.ts';
import { admission, readTrail, settlement } from '../../support/ledger/ledger.ts';
import { createFakeQueue } from './delivery-harness.ts';
import { openLedgerObject } from '../ledger/ledger-harness.ts';

/** Log lines on Workers: pino's own, as on Node, each one write. */
const parsed = (lines: readonly string[]) => lines.map((line) => JSON.parse(line) as Record<string, unknown>);

describe('operational lines', () => {
  it('carry channel, service, level, time and event, and what the event is about', () => {
    const lines: string[] = [];
    const service = { name: 'galileo-invite-proxy', version: '1.2.3', instance: 'a1' };
    const logger = createLogger({ level: 'info', service }, (line) => void lines.push(line));
    logger.debug('not_told');
    logger.warn('audit_delivery_failed', { sink: 'http', failures: 2 });
    expect(parsed(lines)).toEqual([
      {
        level: 'warn',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        channel: 'ops',
        ...service,
        event: 'audit_delivery_failed',
        sink: 'http',
        failures: 2,
      },
    ]);
    expect(lines[0]).not.toMatch(/\n/);
  });
});

describe('the stdout sink', () => {
  it.each(['native', 'ocsf'] as const)('prints lines from which the %s trail can be verified', async (format) => {
    const harness = openLedgerObject();
    await harness.ledger.admit(admission(testUuid7(1)));
    await harness.ledger.settle(settlement(testUuid7(1), 'accepted'));
    const lines: string[] = [];
    await createStdoutSink(format, (line) => void lines.push(line)).write(await harness.ledger.lease('stdout', 10));
    const inside = lines.map((line) => {
      const delivered = readDeliveredLine(line);
      return delivered.kind === 'native' ? delivered.text : '';
    });
    expect(inside).toEqual(await readTrail(harness.ledger));
    expect(verifyChain(inside)).toMatchObject({ kind: 'intact', head: { seq: 2 } });
    expect(parsed(lines)).toMatchObject([
      { channel: 'audit', event: 'audit_record' },
      { channel: 'audit', event: 'audit_record' },
    ]);
  });
});

describe('where a deployment delivers', () => {
  const queue = createFakeQueue().binding as Queue;

  it.each([
    ['to log lines, when nothing is said', {}, ['stdout']],
    ['to log lines, when there is no Queue for what was asked', { AUDIT_SINKS: 'http,otlp' }, ['stdout']],
    [
      'through the Queue alone, when log lines are not asked for',
      { AUDIT_SINKS: 'http, otlp', AUDIT_QUEUE: queue },
      ['http', 'otlp'],
    ],
    ['to log lines, when an empty text says nothing', { AUDIT_SINKS: '', LOG_LEVEL: '', AUDIT_FORMAT: '' }, ['stdout']],
    ['nowhere, while nobody can tell where: the Worker refuses it', { AUDIT_SINKS: 'htttp', AUDIT_QUEUE: queue }, []],
    ['to both, when both are asked for', { AUDIT_SINKS: 'stdout,http', AUDIT_QUEUE: queue }, ['stdout', 'http']],
  ])('%s', (_what, env, names) => {
    expect(createObjectPorts(env).targets.map(({ sink }) => sink.name)).toEqual(names);
  });
});

describe('the key that signs checkpoints', () => {
  const [vector] = ED25519_VECTORS;
  const { signingPem = '', keyId } = vector ?? {};
  const onOneLine = signingPem.replaceAll('\n', '\\n');

  it.each([
    ['as it is', signingPem],
    ['with its line ends written out, as docs/config.md has it', onOneLine],
    ['out of the Secrets Store', { get: async () => onOneLine }],
  ])('is read %s', async (_how, binding) => {
    expect((await createObjectPorts({ AUDIT_SIGNING_KEY: binding }).signer())?.keyId).toBe(keyId);
  });

  it('is none when an empty text says so', async () => {
    expect(await createObjectPorts({ AUDIT_SIGNING_KEY: '' }).signer()).toBeNull();
  });
});
