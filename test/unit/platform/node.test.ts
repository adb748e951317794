import { execFile } from 'node:child_process';
import { inspect, promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { formatItem } from '../../../src/audit/format/formats.ts';
import { SinkError } from '../../../src/audit/delivery/sink.ts';
import type { OutboxItem } from '../../../src/audit/delivery/sink.ts';
import { Secret } from '../../../src/lib/secret.ts';
import { clock, createBackground } from '../../../src/platform/node/runtime.ts';
import { createClientAddress } from '../../../src/platform/node/http-server/client-address.ts';
import { createLogger, createStdoutSink } from '../../../src/platform/node/telemetry/logger.ts';
import { createMetrics } from '../../../src/platform/node/telemetry/metrics.ts';
import { promisesSettled } from '../../support/clock.ts';
import { auditItems } from '../../support/audit/audit-items.ts';
import { keptLog } from '../../support/tokens.ts';

describe('the clock', () => {
  it('has a monotonic reading, so that the ledger does not trust the machine', () => {
    expect(clock.monotonic()).toBeLessThanOrEqual(clock.monotonic());
  });
});

describe("the caller's address", () => {
  const fromSocket = { incoming: { socket: { remoteAddress: '192.0.2.1' } } };
  const forwarded = (value: string): Headers => new Headers({ 'X-Forwarded-For': value });

  it("is the socket's when no proxy is trusted, whatever X-Forwarded-For claims", () => {
    expect(createClientAddress(0)(forwarded('203.0.113.9'), fromSocket)).toBe('192.0.2.1');
    expect(createClientAddress(0)(new Headers(), undefined)).toBeNull();
  });

  it('is the entry that the outermost trusted proxy wrote', () => {
    expect(createClientAddress(1)(forwarded('6.6.6.6, 203.0.113.9'), fromSocket)).toBe('203.0.113.9');
    expect(createClientAddress(2)(forwarded('6.6.6.6, 203.0.113.9, 10.0.0.1'), fromSocket)).toBe('203.0.113.9');
    expect(createClientAddress(1)(forwarded('2001:db8::7'), fromSocket)).toBe('2001:db8::7');
  });

  it('is counted from the right over all X-Forwarded-For fields together, as they came', () => {
    const headers = new Headers([
      ['X-Forwarded-For', '6.6.6.6, 203.0.113.9'],
      ['X-Forwarded-For', '10.0.0.1'],
    ]);
    expect(createClientAddress(1)(headers, fromSocket)).toBe('10.0.0.1');
    expect(createClientAddress(2)(headers, fromSocket)).toBe('203.0.113.9');
  });

  it.each([
    ['203.0.113.9:4711', '203.0.113.9'],
    ['[2001:db8::7]:4711', '2001:db8::7'],
    ['[2001:db8::7]', '2001:db8::7'],
    ['2001:DB8::7', '2001:db8::7'],
    ['::ffff:203.0.113.9', '203.0.113.9'],
    ['  203.0.113.9\t', '203.0.113.9'],
  ])('is bare, however the proxy writes it: %s', (written, address) => {
    expect(createClientAddress(1)(forwarded(written), fromSocket)).toBe(address);
  });

  it.each([
    'unknown',
    '_hidden',
    'localhost',
    '203.0.113.9:port',
    '203.0.113.999',
    '203.0.113.9 (ann)',
    '[203.0.113.9',
    '[2001:db8::7]x',
    '2001:db8::7%eth0',
    '::ffff:203.0.113.999',
    '"203.0.113.9"',
    '203.0.113.9,',
    '0x7f.1',
  ])('is unknown rather than guessed at: %s', (written) => {
    expect(createClientAddress(1)(forwarded(written), fromSocket)).toBeNull();
  });

  it('is never taken from Forwarded or X-Real-IP, whose hops the operator did not count', () => {
    const headers = new Headers({ Forwarded: 'for=6.6.6.6', 'X-Real-IP': '6.6.6.6', 'CF-Connecting-IP': '6.6.6.6' });
    expect(createClientAddress(0)(headers, fromSocket)).toBe('192.0.2.1');
    expect(createClientAddress(1)(headers, fromSocket)).toBeNull();
  });

  it('of a socket that takes both families is the IPv4 address that it is', () => {
    const mapped = { incoming: { socket: { remoteAddress: '::ffff:192.0.2.1' } } };
    expect(createClientAddress(0)(new Headers(), mapped)).toBe('192.0.2.1');
  });

  it('is unknown when the proxies did not write what they should have', () => {
    expect(createClientAddress(2)(forwarded('203.0.113.9'), fromSocket)).toBeNull();
    expect(createClientAddress(1)(forwarded('evil'), fromSocket)).toBeNull();
    expect(createClientAddress(1)(new Headers(), fromSocket)).toBeNull();
  });
});

describe('the two channels of stdout', () => {
  const lines: string[] = [];
  const output = {
    line: (text: string) => void lines.push(text),
    write: async (text: string) => void lines.push(text),
  };

  it('hold operational lines and audit records apart', async () => {
    const logger = createLogger({ level: 'info', service: { name: 'proxy', version: '1', instance: 'i' } }, output);
    logger.debug('too_quiet');
    logger.warn('something_happened', { code: 'x' });
    await createStdoutSink(output, 'native').write([{ position: 2, kind: 'record', line: '{"hash":"h","seq":1}' }]);
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { level: 'warn', channel: 'ops', event: 'something_happened', code: 'x', name: 'proxy' },
      { channel: 'audit', event: 'audit_record', record: { hash: 'h', seq: 1 } },
    ]);
    expect(lines[1]).toContain('"record":{"hash":"h","seq":1}');
    expect(lines.every((line) => line.endsWith('\n') && line.indexOf('\n') === line.length - 1)).toBe(true);
  });

  it('hold each item of the trail under a member that says what it is', async () => {
    const items = await auditItems();
    const written: string[] = [];
    const stdout = { write: async (text: string) => void written.push(text) };
    await createStdoutSink(stdout, 'native').write(items);
    await createStdoutSink(stdout, 'ocsf').write(items);
    const [native, ocsf] = written.map((text) => text.trimEnd().split('\n'));
    expect(native).toHaveLength(4);
    for (const [n, { kind, line }] of items.entries()) {
      expect(native?.[n]).toContain(`"channel":"audit","${kind}":${line},"event":"audit_${kind}"}`);
      const { ocsf: event, ...rest } = JSON.parse(ocsf?.[n] ?? '') as Record<string, unknown>;
      expect(rest).toMatchObject({ channel: 'audit', event: `audit_${kind}` });
      expect(rest).not.toHaveProperty(kind);
      expect(event).toEqual(JSON.parse(formatItem('ocsf', items[n] ?? expect.fail())));
    }
  });

  it('write nothing of a batch with an item that has no line, and keep nothing of it', async () => {
    const items = await auditItems();
    const written: string[] = [];
    const sink = createStdoutSink({ write: async (text: string) => void written.push(text) }, 'native');
    const lineless: OutboxItem = {
      ...{ position: 98, kind: 'record' },
      get line(): string {
        throw new Error('gone');
      },
    };
    for (let attempt = 0; attempt < 3; attempt += 1) await expect(sink.write([...items, lineless])).rejects.toThrow();
    expect(written).toEqual([]);
    await sink.write(items.slice(0, 1));
    expect(written.map((text) => text.split('\n').length - 1)).toEqual([1]);
  });

  it('tell delivery why a batch was not taken, without its words', async () => {
    const stdout = { write: () => Promise.reject(new Error('EPIPE after ann@acme.com')) };
    const refused = createStdoutSink(stdout, 'native').write(await auditItems());
    await expect(refused).rejects.toThrow(new SinkError('write_failed'));
  });
});

describe('a pending timer', () => {
  const RUNTIME = new URL('../../../src/platform/node/runtime.ts', import.meta.url).href;
  it.each([
    ['refSchedule', 'keeps the process alive until it has run', 'ran'],
    ['schedule', 'keeps no process alive', ''],
  ])('of %s %s', async (name, _title, printed) => {
    const script = `
      import { ${name} } from ${JSON.stringify(RUNTIME)};
      ${name}.after(200, () => process.stdout.write('ran'));
      ${name}.after(200, () => process.stdout.write('cancelled'))();`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
    expect(stdout).toBe(printed);
  });
});

describe('background work', () => {
  it('is waited for, and its failure is logged and goes no further', async () => {
    const log = keptLog();
    const background = createBackground(log);
    const gate = Promise.withResolvers<void>();
    background.run(gate.promise);
    let idle = false;
    const waiting = background.idle().then(() => (idle = true));
    await promisesSettled();
    expect(idle).toBe(false);
    gate.reject(new Error('address ann@acme.com'));
    await waiting;
    expect(JSON.stringify(log.lines)).toContain('background_task_failed');
    expect(JSON.stringify(log.lines)).not.toContain('acme');
  });
});

describe('metrics', () => {
  it('are exposed under the prefix of the service', async () => {
    const metrics = createMetrics();
    metrics.count('refusals', { origin: 'proxy', code: 'missing_token' });
    metrics.observe('upstream_duration', 0.02, { result: 'answered' });
    const { text } = await metrics.expose();
    expect(text).toContain('galileo_invite_proxy_refusals_total{origin="proxy",code="missing_token"} 1');
    expect(text).toContain('galileo_invite_proxy_upstream_duration_seconds_count{result="answered"} 1');
  });

  it('count by any amount', async () => {
    const metrics = createMetrics();
    metrics.count('audit_records_pruned', {}, 700);
    metrics.count('audit_records_pruned');
    expect((await metrics.expose()).text).toContain('galileo_invite_proxy_audit_records_pruned_total 701');
  });

  it('leave out a gauge that cannot be read now, and expose the rest', async () => {
    const metrics = createMetrics();
    let isReadable = true;
    const orFail = async (): Promise<number> => (isReadable ? 3 : await Promise.reject(new Error('no ledger')));
    metrics.gauge('audit_uncovered_records', async () => [{ labels: {}, value: await orFail() }]);
    metrics.gauge('audit_sink_backlog_records', async () => [{ labels: { sink: 'http' }, value: await orFail() }]);
    metrics.gauge('policy_problems', () => {
      if (!isReadable) throw new Error('no policy');
      return [{ labels: { role: 'active' }, value: 0 }];
    });
    const levels = async (): Promise<string[]> =>
      (await metrics.expose()).text
        .split('\n')
        .filter((line) => /^galileo_invite_proxy_(audit_[us]|policy)/.test(line));
    const all = [
      'galileo_invite_proxy_audit_uncovered_records 3',
      'galileo_invite_proxy_audit_sink_backlog_records{sink="http"} 3',
      'galileo_invite_proxy_policy_problems{role="active"} 0',
    ];
    expect(await levels()).toEqual(all);
    isReadable = false;
    expect(await levels()).toEqual([]);
    isReadable = true;
    expect(await Promise.all([levels(), levels()])).toEqual([all, all]);
  });
});

describe('a secret', () => {
  it('shows itself to nothing that prints', () => {
    const secret = new Secret('the-value-itself');
    const shown = [
      String(secret),
      JSON.stringify({ secret }),
      inspect(secret),
      inspect({ deep: { secret } }, { depth: 9, showHidden: true }),
    ];
    for (const text of shown) expect(text).not.toContain('the-value-itself');
    expect(Object.keys(secret)).toEqual([]);
    expect(secret.reveal()).toBe('the-value-itself');
  });
});
