/**
 * Runs the two stand-ins as a process, for containers (compose.yaml). They listen on loopback only, so the service must
 * share their network namespace. The key is new at every start and is written to a file. The file exists only while
 * both listen.
 */
import { rename, rm, writeFile } from 'node:fs/promises';
import { startStandIns } from './stand-ins.ts';

const { env } = process;
const PORTS = { identityProvider: 8081, galileo: 8082 };

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}

if (env.INSECURE_DEV !== '1' || env.STAND_IN_KEY_FILE === undefined) {
  fail('The stand-ins need INSECURE_DEV=1, and STAND_IN_KEY_FILE to put their key into.');
}
const keyFile = env.STAND_IN_KEY_FILE;
await rm(keyFile, { force: true });
const print = (line: string): boolean => process.stdout.write(`${line}\n`);
const standIns = await startStandIns(env, PORTS, print).catch((error: unknown) =>
  fail(`The stand-ins do not start: ${error instanceof Error ? error.message : 'unknown problem'}`),
);
const { GALILEO_API_KEY: key = '' } = standIns.env;
await writeFile(`${keyFile}.new`, key, { mode: 0o600 });
await rename(`${keyFile}.new`, keyFile);
print(`STAND-INS, no real Galileo and no real identity provider: ${standIns.galileoUrl}, ${standIns.issuer}`);

const stop = async (): Promise<void> => {
  await rm(keyFile, { force: true });
  await standIns.close();
};
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop());
