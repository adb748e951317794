/**
 * `policy push FILE`: checks a policy, runs its tests, and writes it to the KV namespace from which a deployment's
 * Workers read it. It writes the parsed document as JSON, because a Worker reads no YAML. The digest stays that of the
 * file.
 */
import { POLICY_STORE_KEY } from '../../policy/document/read-document.ts';
import { runSelfTests } from '../../policy/self-test.ts';
import { CommandError } from '../command-line/command-error.ts';
import type { Command } from '../command-line/command.ts';
import { JSON_OPTION, printReport } from '../command-line/json-option.ts';
import { counted, printable } from '../command-line/text.ts';
import { putKvValue } from './kv-store.ts';
import { namesIn, problemLines, readPolicyFile } from './policy-file.ts';

export const policyPush: Command = {
  name: 'policy push',
  summary: 'Check a policy, run its tests, and put it in force on Workers without a deployment.',
  about: [
    'For deployments on Cloudflare Workers whose POLICY binding names a KV namespace. The file is read and its tests are ' +
      'run exactly as by policy check; a file that would be refused is not pushed. Running Workers take it up within ' +
      'about two minutes, each request sees one policy throughout, and Policy-Digest on every answer says which. ' +
      'A Worker judges the document once more and keeps the one it has when it cannot take it, as when a caller pins an ' +
      'issuer that this deployment does not have: --issuers finds that here.',
    'A Worker uses the document under that key and does not check who wrote it: write access to the namespace decides who may invite whom.',
    'Needs CLOUDFLARE_ACCOUNT_ID and CLOUDFLARE_API_TOKEN (a token that may edit Workers KV and nothing else).',
  ],
  operands: [{ name: 'FILE', about: 'The policy file.' }],
  options: {
    namespace: { value: 'ID', about: 'The id of the KV namespace that wrangler.toml binds as POLICY. Needed.' },
    issuers: {
      value: 'NAMES',
      about: 'The issuers of that deployment, as in its AUTH_ISSUERS: corp,partners. Needed.',
    },
    json: JSON_OPTION,
  },
  exits: {
    ok: 'The policy was written.',
    failed: 'It is in order, and was not written or may not have been.',
    refused: 'The file would not be taken; nothing was written.',
  },
  examples: [
    {
      line: 'policy push policy.yaml --namespace 0f2ac74b498b48028cb68387c421e279 --issuers corp',
      does: 'put it in force, and print its digest',
    },
  ],
  async run(call, deps) {
    const [path = ''] = call.operands;
    const { namespace = '', issuers } = call.options;
    const { paint } = deps;
    // AUTH_ISSUERS of this environment is not used: it belongs to another deployment.
    if (typeof issuers !== 'string')
      throw new CommandError('usage', 'say --issuers NAMES, those of the deployment that is to serve by this policy');
    const read = await readPolicyFile(path, namesIn(issuers), deps);
    const problems = read.kind === 'refused' ? read.problems : read.locate(runSelfTests(read.file, read.policy));
    if (read.kind === 'refused' || problems.length > 0) {
      const count = counted(problems.length, 'problem', 'problems');
      await printReport(
        call,
        deps,
        { ok: false, file: path, problems },
        () => `${problemLines(path, problems)}${paint('red', 'refused')} ${count}; nothing was written\n`,
      );
      return 'refused';
    }
    const { digest } = read.policy;
    const written = await putKvValue(
      { namespace: String(namespace), key: POLICY_STORE_KEY, value: JSON.stringify(read.document) },
      deps,
    );
    if (written.kind === 'not_configured') throw new CommandError('usage', written.message);
    const ok = written.kind === 'written';
    const tests = counted(read.file.tests?.length ?? 0, 'test holds', 'tests hold');
    await printReport(call, deps, { ok, file: path, digest, ...(ok ? {} : { message: written.message }) }, () =>
      ok
        ? `${paint('green', 'ok')} ${printable(path)} is written, ${tests}\n   sha256:${digest}\n`
        : `${paint('red', 'failed')} ${written.message}\n`,
    );
    return ok ? 'ok' : 'failed';
  },
};
