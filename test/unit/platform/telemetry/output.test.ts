import { describe, expect, it } from 'vitest';
import type { WriteSome } from '../../../../src/platform/node/telemetry/output.ts';
import { createOutput } from '../../../../src/platform/node/telemetry/output.ts';

/** A descriptor that takes as many bytes as the script lists, and afterwards everything. */
function scripted(...steps: (number | 'EAGAIN' | 'EPIPE' | 'ENOSPC')[]): { writeSome: WriteSome; text(): string } {
  const taken: Buffer[] = [];
  return {
    async writeSome(bytes, offset, length) {
      const step = steps.shift() ?? length;
      if (typeof step === 'string') throw Object.assign(new Error(step), { code: step });
      const count = Math.min(step, length);
      taken.push(Buffer.from(bytes.subarray(offset, offset + count)));
      return count;
    },
    text: () => Buffer.concat(taken).toString(),
  };
}

describe('the one writer of stdout', () => {
  it('never lets lines of its users interleave, however little the descriptor takes at a time', async () => {
    const descriptor = scripted(3, 1, 'EAGAIN', 2);
    const output = createOutput(1, descriptor.writeSome);
    output.line('first line\n');
    const audit = output.write('audit one\naudit two\n');
    output.line('last line\n');
    await audit;
    await output.flush();
    expect(descriptor.text()).toBe('first line\nlast line\naudit one\naudit two\n');
  });

  it('rejects the write that failed, and continues', async () => {
    const descriptor = scripted('EPIPE');
    const output = createOutput(1, descriptor.writeSome);
    await expect(output.write('lost\n')).rejects.toThrow('EPIPE');
    await output.write('kept\n');
    expect(descriptor.text()).toBe('kept\n');
  });

  it('begins a new line after a block that a full disk cut short, so that the retried block is whole', async () => {
    const descriptor = scripted(15, 'ENOSPC', 'ENOSPC', 1, 'ENOSPC');
    const output = createOutput(1, descriptor.writeSome);
    const batch = 'record one\nrecord two\n';
    // The first attempt is cut within a line; the second has no space at all; the third has space for a line end only.
    for (let attempt = 0; attempt < 3; attempt += 1) await expect(output.write(batch)).rejects.toThrow('ENOSPC');
    await output.write(batch);
    expect(descriptor.text()).toBe(`record one\nreco\n${batch}`);
  });

  it('adds no line end where the disk was full between two lines', async () => {
    const descriptor = scripted(11, 'ENOSPC');
    const output = createOutput(1, descriptor.writeSome);
    await expect(output.write('record one\nrecord two\n')).rejects.toThrow('ENOSPC');
    await output.write('record one\nrecord two\n');
    expect(descriptor.text()).toBe('record one\nrecord one\nrecord two\n');
  });

  it('keeps a record apart from an operational line that was cut short', async () => {
    const descriptor = scripted(5, 'ENOSPC');
    const output = createOutput(1, descriptor.writeSome);
    output.line('an operational line\n');
    await output.write('record one\n');
    expect(descriptor.text()).toBe('an op\nrecord one\n');
  });

  it('drops lines when they are not read, keeps its memory bounded, and logs how many were dropped', async () => {
    const gate = Promise.withResolvers<void>();
    let text = '';
    const output = createOutput(1, async (bytes, offset, length) => {
      await gate.promise;
      text += bytes.subarray(offset, offset + length).toString();
      return length;
    });
    const line = `${'x'.repeat(1023)}\n`;
    for (let count = 0; count < 2000; count += 1) output.line(line);
    gate.resolve();
    await output.flush();
    output.line('after\n');
    await output.flush();
    expect(text.length).toBeLessThan(1_100_000);
    const kept = text.split('\n').filter((one) => one.startsWith('xxx')).length;
    expect(text).toMatch(new RegExp(`"channel":"ops","lines":${2000 - kept},"event":"log_lines_dropped"}\\nafter\\n$`));
  });

  it('lets no backlog of records push out a line', async () => {
    const gate = Promise.withResolvers<void>();
    let text = '';
    const output = createOutput(1, async (bytes, offset, length) => {
      await gate.promise;
      text += bytes.subarray(offset, offset + length).toString();
      return length;
    });
    const first = output.write('records 1\n');
    const second = output.write('x'.repeat(3_000_000));
    output.line('the key was rejected\n');
    gate.resolve();
    await Promise.all([first, second]);
    expect(text.slice(0, 31)).toBe('the key was rejected\nrecords 1\n');
  });

  it('gives a batch of records its turn however fast lines keep coming', async () => {
    const taken: string[] = [];
    const output = createOutput(1, async (bytes, offset, length) => {
      taken.push(bytes.subarray(offset, offset + length).toString());
      // Each write adds more lines, as a flood of requests does; the flood ends long after the batch.
      if (taken.length < 50) for (let n = 0; n < 3; n += 1) output.line('a request\n');
      return length;
    });
    output.line('a request\n');
    await output.write('records\n');
    expect(taken.indexOf('records\n')).toBe(1);
    await output.flush();
  });

  it('keeps room for a warning when the lines of requests have used up theirs', async () => {
    const gate = Promise.withResolvers<void>();
    let text = '';
    const output = createOutput(1, async (bytes, offset, length) => {
      await gate.promise;
      text += bytes.subarray(offset, offset + length).toString();
      return length;
    });
    for (let count = 0; count < 2000; count += 1) output.line(`${'x'.repeat(1023)}\n`);
    output.line('the key was rejected\n', true);
    gate.resolve();
    await output.flush();
    expect(text).toContain('the key was rejected\n');
  });
});
