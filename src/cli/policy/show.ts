/**
 * `policy show DIGEST`: prints the policy that decided a request, from a ledger or from a running service. What is
 * printed has that digest: a text that has another one is refused, wherever it came from. Changes nothing.
 */
import { sha256Hex } from '../../lib/sha256.ts';
import { writePolicy } from '../../policy/write-yaml.ts';
import type { LedgerReader } from '../../ledger/ledger-reader.ts';
import { createLinePrinter } from '../audit/format.ts';
import { CommandError } from '../command-line/command-error.ts';
import type { Command } from '../command-line/command.ts';
import { chooseLedger, LEDGER_OPTION, withLedger } from '../ledger/with-ledger.ts';
import type { RemoteService } from '../remote/remote-service.ts';
import { chooseService, REMOTE_OPTIONS } from '../remote/remote-service.ts';

export const policyShow: Command = {
  name: 'policy show',
  summary: 'Print the policy behind a digest, as it decided.',
  about: [
    'Each record names the digest of the policy that decided, and the ledger keeps that policy for as long as a record names it. ' +
      'It is printed as YAML that is read as the same policy. Comments and the order of the file are not kept: the digest does not cover them.',
    'The digest of what is printed is computed anew. A stored text that has another digest was changed, and is not printed.',
    'A policy holds the addresses that its rules and tests name; they are printed.',
    'With --url a running service is asked, also one on Workers; your access token needs the scope audit:read.',
  ],
  operands: [
    {
      name: 'DIGEST',
      about:
        'As in policy.digest of a record, or in Policy-Digest; sha256: in front may stay. In a ledger the first 8 digits or more are enough.',
    },
  ],
  options: {
    ledger: LEDGER_OPTION,
    ...REMOTE_OPTIONS,
    json: { value: null, about: 'Print the RFC 8785 text that has the digest, and nothing else.' },
  },
  exits: {
    ok: 'Printed.',
    failed:
      'There is no such policy, or the stored text has another digest; or the service refused or could not be asked.',
    refused: 'The ledger cannot be read.',
  },
  examples: [
    { line: 'policy show 5d41402abc4b', does: 'the policy that decided, for a reviewer' },
    {
      line: 'policy show sha256:5d41402a… --url https://invites.acme.com --token-file token --json',
      does: 'from a running service; `sha256sum` of the text, without its line end, is the digest',
    },
  ],
  async run(call, deps) {
    const [asked = ''] = call.operands;
    const beginning = /^(?:sha256:)?([0-9a-f]{8,64})$/.exec(asked.toLowerCase())?.[1];
    if (beginning === undefined)
      throw new CommandError('usage', 'DIGEST is 8 to 64 hex digits, with sha256: in front or without');
    const service = await chooseService(call, deps);
    const { digest, document } =
      service === null
        ? await withLedger(deps.openReader(await chooseLedger(call, deps)), (reader) => findIn(reader, beginning))
        : await findAt(service, beginning);
    if (sha256Hex(document) !== digest)
      throw new CommandError(
        'failed',
        `the text that is kept under ${digest} has another digest: it was changed, and is not shown`,
      );
    const print = createLinePrinter(deps);
    const yaml = call.options['json'] === undefined ? writePolicy(JSON.parse(document), digest) : null;
    if (yaml === null && call.options['json'] === undefined)
      await deps.printError('This policy has no YAML form that is read as the same; its JSON text follows.\n');
    await print(yaml === null ? `${document}\n` : `# sha256:${digest}\n${yaml}`);
    return 'ok';
  },
};

interface Found {
  readonly digest: string;
  readonly document: string;
}

const MAX_LISTED = 5;

async function findIn({ policies }: Pick<LedgerReader, 'policies'>, beginning: string): Promise<Found> {
  const [digest, ...others] = (await policies.digests()).filter((one) => one.startsWith(beginning));
  const document = digest === undefined ? null : await policies.text(digest);
  if (digest === undefined || document === null)
    throw new CommandError(
      'failed',
      `the ledger keeps no policy with a digest that begins with ${beginning}: no record in it names one, or the policy decided under an earlier release`,
    );
  if (others.length === 0) return { digest, document };
  const listed = [digest, ...others].slice(0, MAX_LISTED).join(', ');
  throw new CommandError(
    'usage',
    `${String(others.length + 1)} digests begin with ${beginning}, say more digits: ${listed}`,
  );
}

async function findAt(service: RemoteService, digest: string): Promise<Found> {
  if (digest.length !== 64) throw new CommandError('usage', 'with --url, DIGEST is all 64 hex digits');
  const path = `/audit/policies/${digest}`;
  return {
    digest,
    document: await service.ask({ method: 'GET', path, ifUnanswered: 'so nothing is known of the policy.' }),
  };
}
