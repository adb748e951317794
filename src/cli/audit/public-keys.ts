/** The option --public-key, which is the same for every command that verifies signatures, and the keys it names. */
import type { CheckpointVerifier } from '../../audit/checkpoint/checkpoint.ts';
import { importVerificationKeys } from '../../audit/checkpoint/signing-key.ts';
import { textFilePhrase } from '../../lib/text/text-file-error.ts';
import { CommandError } from '../command-line/command-error.ts';
import type { Call, OptionRow } from '../command-line/command.ts';
import type { CliDeps } from '../deps.ts';

export const PUBLIC_KEY_OPTION: OptionRow = {
  value: 'FILE',
  about:
    'The public Ed25519 keys (PEM) of the service, one or more in the file. May be given several times. Without it ' +
    'signatures are not checked.',
  many: true,
};

/** Null without the option. Rejects with a CommandError when a key cannot be read. */
export async function readPublicKeys(
  { lists }: Call,
  { readText }: Pick<CliDeps, 'readText'>,
): Promise<CheckpointVerifier | null> {
  const files = lists['public-key'] ?? [];
  if (files.length === 0) return null;
  const pems: string[] = [];
  for (const file of files) {
    const refuse = (problem: string): CommandError => new CommandError('refused', `${file} ${problem}`);
    const pem = await readText(file).catch((error: unknown) => {
      throw refuse(textFilePhrase(error));
    });
    // Each file alone first, so that the problem names its file.
    await importVerificationKeys([pem]).catch((error: unknown) => {
      throw refuse(error instanceof Error ? error.message : 'holds no key');
    });
    pems.push(pem);
  }
  return await importVerificationKeys(pems);
}
