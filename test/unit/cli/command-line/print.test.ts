/** Output that cannot be written, in every command: the exit code, and the sentence on stderr. */
import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../../../src/cli/commands.ts';
import { createPrint } from '../../../../src/cli/command-line/print.ts';
import { createOutput } from '../../../../src/platform/node/telemetry/output.ts';
import { printTo, runCommand } from '../cli-harness.ts';
import { runPolicy } from '../policy/policy-harness.ts';

const failure = (code: string) => Object.assign(new Error('words of the system'), { code });
const failing = (code: string) => createPrint('stdout', { write: () => Promise.reject(failure(code)) });
const LOST = 'stdout could not be written to its end (ENOSPC), so the output is not complete\n';

describe('output that cannot be written', () => {
  it.each([
    ['--help'],
    ['--version'],
    ...COMMANDS.map(({ name }) => [`${name} --help`]),
    ['config check'],
    ['config print'],
    ['config print --json'],
    ['doctor'],
    ['doctor --json'],
  ])('ends %s with exit 74 and one sentence', async (line) => {
    const { code, stderr } = await runCommand(line.split(' '), { deps: { print: failing('ENOSPC') } });
    expect([code, stderr]).toEqual([74, LOST]);
  });

  it.each([
    'check policy.yaml',
    'check broken.yaml',
    'check policy.yaml --json',
    'explain policy.yaml --as hr-portal --invite ann@acme.com',
    'explain broken.yaml --as hr-portal --invite ann@acme.com',
    'diff policy.yaml policy.yaml',
    'diff policy.yaml broken.yaml',
    'push broken.yaml --issuers corp',
  ])('ends policy %s with exit 74 and one sentence', async (line) => {
    const { code, stderr } = await runPolicy(line, { deps: { print: failing('EIO') } });
    expect([code, stderr]).toEqual([74, LOST.replace('ENOSPC', 'EIO')]);
  });

  it('keeps the exit code of a command whose reader has closed the pipe, and says nothing', async () => {
    for (const [line, code] of [
      ['check policy.yaml', 0],
      ['check broken.yaml', 2],
    ] as const) {
      expect(await runPolicy(line, { deps: { print: failing('EPIPE') } })).toMatchObject({ code, stderr: '' });
    }
  });

  it('ends with the code of what went wrong when stderr cannot be written', async () => {
    const printError = failing('ENOSPC');
    expect(await runPolicy('check policy.yaml', { deps: { print: failing('EIO'), printError } })).toMatchObject({
      code: 74,
    });
    expect(await runPolicy('check', { deps: { printError } })).toMatchObject({ code: 64 });
    expect(await runPolicy('push policy.yaml', { deps: { printError } })).toMatchObject({ code: 64 });
    expect(await runCommand(['help'], { deps: { printError } })).toMatchObject({ code: 0 });
  });
});

describe('print', () => {
  it('passes the text on, and resolves when all of it is written', async () => {
    const texts: string[] = [];
    const print = createPrint(
      'stdout',
      createOutput(1, async (bytes, offset, length) => {
        const taken = Math.min(length, 3);
        texts.push(bytes.subarray(offset, offset + taken).toString());
        return taken;
      }),
    );
    expect(await print('seven, and more\n')).toBe('printed');
    expect(texts.join('')).toBe('seven, and more\n');
  });

  it('drops what comes after a closed pipe without another write', async () => {
    let writes = 0;
    const write = () => {
      writes += 1;
      return Promise.reject(failure('EPIPE'));
    };
    const print = createPrint('stdout', { write });
    expect([await print('a'), await print('b'), writes]).toEqual(['closed', 'closed', 1]);
  });

  it('names the stream and the code of the system, and not its words', async () => {
    const write = () => Promise.reject(failure('EIO'));
    await expect(createPrint('stderr', { write })('a')).rejects.toMatchObject({
      exit: 'io',
      message: 'stderr could not be written to its end (EIO), so the output is not complete',
    });
    await expect(createPrint('stdout', { write: () => Promise.reject(new Error('secret')) })('a')).rejects.toThrow(
      'stdout could not be written to its end (unknown error), so the output is not complete',
    );
  });
});

describe('what ends a command early', () => {
  it('is printed without what a terminal would interpret', async () => {
    const complained: string[] = [];
    await runPolicy('diff policy.yaml policy.yaml --ledger nowhere\u001b[2J', {
      deps: { printError: printTo(complained) },
    });
    expect(complained.join('')).toMatch(/^the ledger \S*nowhere\ufffd\[2J is not there\n$/);
  });
});
