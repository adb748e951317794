import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const run = promisify(execFile);
const CRASH = new URL('../../../../src/platform/node/process/crash.ts', import.meta.url).href;

/** Runs `code` in a process with `onCrash`. */
async function crash(code: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const script = `
    import { onCrash } from ${JSON.stringify(CRASH)};
    const error = (event, fields) => process.stdout.write(JSON.stringify({ event, ...fields }) + '\\n');
    onCrash({ logger: { error }, flush: async () => undefined });
    setInterval(() => undefined, 1000);
    ${code}`;
  const ended = run(process.execPath, ['--input-type=module', '-e', script]);
  return (await ended.catch((error: unknown) => error)) as { code: number; stdout: string; stderr: string };
}

describe('an error that nothing catches', () => {
  it.each([
    ['an exception', `setTimeout(() => { throw new TypeError('key cur-K3y for ann@acme.com'); });`],
    ['a rejection', `void Promise.reject(new TypeError('key cur-K3y for ann@acme.com'));`],
  ])('(%s) ends the process with 1 and a line that names its class and place, never its message', async (_, code) => {
    const ended = await crash(code);
    expect(ended.code).toBe(1);
    expect(JSON.parse(ended.stdout)).toMatchObject({ event: 'crashed', error: 'TypeError' });
    expect(ended.stdout).toMatch(/"at":"[^"]+:\d+"/);
    expect(ended.stderr).toBe('');
    expect(ended.stdout).not.toMatch(/cur-K3y|acme/);
  });

  it('may be no error at all', async () => {
    const ended = await crash(`void Promise.reject('cur-K3y');`);
    expect(ended.code).toBe(1);
    expect(ended.stdout + ended.stderr).not.toContain('cur-K3y');
  });
});
