import { mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { NewTextFileError, writeNewText } from '../../../src/platform/node/new-text-file.ts';

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'new-text-'));
  onTestFinished(async () => await rm(path, { recursive: true }));
  return path;
}

it('a new file is written once and never replaced', async () => {
  const path = join(await folder(), 'policy.yaml');
  await writeNewText(path, 'first');
  await expect(writeNewText(path, 'second')).rejects.toThrow('is there already, and is never replaced');
  expect(await readFile(path, 'utf8')).toBe('first');
});

it('a link to nowhere is not followed', async () => {
  const path = await folder();
  await symlink(join(path, 'elsewhere'), join(path, 'policy.yaml'));
  await expect(writeNewText(join(path, 'policy.yaml'), 'text')).rejects.toThrow(NewTextFileError);
});

it('a folder that does not exist is a fault without the path in it', async () => {
  const path = join(await folder(), 'no', 'policy.yaml');
  await expect(writeNewText(path, 'text')).rejects.toThrow(/^cannot be written \(ENOENT\)$/);
});
