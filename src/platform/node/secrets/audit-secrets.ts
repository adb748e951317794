import { checkBearerToken, trimBearerToken } from '../../../audit/delivery/bearer-token.ts';
import type { CheckpointSigner } from '../../../audit/checkpoint/checkpoint.ts';
import { readHmacKey } from '../../../audit/hmac-key.ts';
import type { AddressMode } from '../../../audit/record-address.ts';
import { importSigningKey } from '../../../audit/checkpoint/signing-key.ts';
import type { Settings } from '../../../config/schema.ts';
import type { Clock } from '../../../ports/clock.ts';
import { namedTextFileProblem } from '../../../lib/text/text-file-error.ts';
import { createSingleFlight } from '../../../tasks/single-flight.ts';
import { clock as machineClock, schedule } from '../runtime.ts';
import { readSecret, secretSource } from './secret-source.ts';
import type { SecretSettings } from './secret-source.ts';
import { SecretsError } from './secrets.ts';
import { createSettledSecret } from './settled-secret.ts';

/**
 * The secrets of the audit trail on Node: the signing key, the HMAC key, and the token of the http sink. The two keys
 * are read once, so that neither the form of addresses nor the signer changes without a restart. The token is read for
 * every batch, with a timeout. Invariant: no problem and no error holds a file's contents or its path.
 */
export interface AuditSecrets {
  /** Null when checkpoints are not signed. */
  readonly signer: CheckpointSigner | null;
  readonly addresses: AddressMode;
  /** Reads the http sink's token; null when none is configured. Rejects when it cannot be read. */
  readonly httpToken: () => Promise<string | null>;
}

type AuditSecretName = 'AUDIT_HTTP_TOKEN' | 'AUDIT_HMAC_KEY' | 'AUDIT_SIGNING_KEY';

export type AuditSecretSettings = Partial<Pick<Settings, 'AUDIT_EMAILS'>> & SecretSettings<AuditSecretName>;

const TOKEN_DEADLINE_MS = 5_000;

/** Rejects with a SecretsError that names every problem at once. */
export async function readAuditSecrets(
  settings: AuditSecretSettings,
  clock: Clock = machineClock,
): Promise<AuditSecrets> {
  const problems: string[] = [];
  const noted = async <T>(read: Promise<T>): Promise<T | null> => {
    try {
      return await read;
    } catch (error) {
      if (!(error instanceof SecretProblem)) throw error;
      problems.push(error.message);
      return null;
    }
  };
  const signer = await noted(readSigner(settings));
  const addresses = await noted(readAddresses(settings));
  // The first read is for its problems only: they are reported at the start, and not with the first batch.
  const httpToken = createSingleFlight(createTokenReader(settings, clock), {
    schedule,
    deadlineMs: TOKEN_DEADLINE_MS,
    onTimeout: () => new SecretProblem('AUDIT_HTTP_TOKEN_FILE', 'names a file that does not answer'),
  });
  await noted(httpToken());
  if (problems.length > 0 || addresses === null) throw new SecretsError(problems);
  return { signer, addresses, httpToken };
}

/** The form of addresses alone, for tools that search. Rejects with a SecretsError. */
export async function readAddressMode(settings: AuditSecretSettings): Promise<AddressMode> {
  return await readAddresses(settings).catch((error: unknown) => {
    if (error instanceof SecretProblem) throw new SecretsError([error.message]);
    throw error;
  });
}

/** The problems that would stop a start, for check tools. Settings that were refused are left out by the caller. */
export async function auditSecretProblems(settings: AuditSecretSettings): Promise<readonly string[]> {
  try {
    await readAuditSecrets(settings);
    return [];
  } catch (error) {
    if (error instanceof SecretsError) return error.problems;
    throw error;
  }
}

async function readSigner(settings: AuditSecretSettings): Promise<CheckpointSigner | null> {
  const given = await readGiven('AUDIT_SIGNING_KEY', settings);
  if (given === null) return null;
  try {
    return await importSigningKey(given.text);
  } catch (error) {
    throw new SecretProblem(given.setting, error instanceof Error ? error.message : 'cannot be used');
  }
}

async function readAddresses(settings: AuditSecretSettings): Promise<AddressMode> {
  const { AUDIT_EMAILS: emails = 'plain' } = settings;
  if (emails === 'plain') return { kind: 'plain' };
  const given = await readGiven('AUDIT_HMAC_KEY', settings);
  if (given === null) throw new SecretProblem('AUDIT_HMAC_KEY', 'or AUDIT_HMAC_KEY_FILE must be set');
  const read = readHmacKey(given.text);
  if (read.kind === 'unfit') throw new SecretProblem(given.setting, read.problem);
  return { kind: 'hmac', key: read.key };
}

/** Returns the reader of the token. It gives the last good one while the file is being written. */
function createTokenReader(settings: AuditSecretSettings, clock: Clock): () => Promise<string | null> {
  const source = secretSource('AUDIT_HTTP_TOKEN', settings);
  if (source === null) return async () => null;
  const { setting } = source;
  const secret = createSettledSecret(source, clock);
  let last: string | null = null;
  return async () => {
    const text = await secret.read().catch((error: unknown) => {
      throw new SecretProblem(setting, namedTextFileProblem(error));
    });
    if (text === null && last !== null) return last;
    last = null;
    const problem = checkBearerToken(text ?? '');
    if (problem !== null) throw new SecretProblem(setting, problem);
    last = trimBearerToken(text ?? '');
    return last;
  };
}

/** Its message is one sentence that begins with the setting. */
class SecretProblem extends Error {
  override readonly name = 'SecretProblem';

  constructor(setting: string, problem: string) {
    super(`${setting} ${problem}`);
  }
}

interface Given {
  /** The setting that a problem of the text is reported for: the value or its `_FILE`. */
  readonly setting: string;
  readonly text: string;
}

async function readGiven(name: AuditSecretName, settings: AuditSecretSettings): Promise<Given | null> {
  const source = secretSource(name, settings);
  if (source === null) return null;
  const text = await readSecret(source).catch((error: unknown) => {
    throw new SecretProblem(source.setting, namedTextFileProblem(error));
  });
  return { setting: source.setting, text };
}
