/**
 * A running service that a command asks over HTTP with the user's own access token, in place of a ledger. The token
 * comes from a file or the environment, never from the command line, where other users of the machine can read it. It goes
 * to the given origin only, over TLS or to this machine, and along no redirect. Invariant: no message holds the token.
 */
import { checkBearerToken, trimBearerToken } from '../../audit/delivery/bearer-token.ts';
import { documentUrlProblem } from '../../auth/issuers.ts';
import { Secret } from '../../lib/secret.ts';
import { TextFileError } from '../../lib/text/text-file-error.ts';
import type { Deadlines, HttpPort } from '../../ports/http.ts';
import { createKeySearch } from '../../upstream/api-keys.ts';
import { CommandError } from '../command-line/command-error.ts';
import type { Call, OptionRow } from '../command-line/command.ts';
import type { CliDeps } from '../deps.ts';
import { problemSentence } from './problem-sentence.ts';

export const TOKEN_VARIABLE = 'INVITES_TOKEN';

/** The options of a command that can ask a service. They exclude --ledger. */
export const REMOTE_OPTIONS = {
  url: {
    value: 'URL',
    about: `The address of a running service (https), in place of a ledger: with an access token of your own in the variable ${TOKEN_VARIABLE}, or in --token-file.`,
  },
  'token-file': {
    value: 'FILE',
    about: `A file that holds the access token for --url alone, in place of ${TOKEN_VARIABLE}.`,
  },
} as const satisfies Record<string, OptionRow>;

export interface RemoteService {
  /** The body of a complete 2xx answer. Rejects with a CommandError whose sentence says what became of the request. */
  ask(request: RemoteRequest): Promise<string>;
}

export interface RemoteRequest {
  readonly method: 'GET' | 'POST';
  /** With the query; begins with `/`. */
  readonly path: string;
  readonly body?: object;
  /** Says what is certain when no complete answer came, as the end of a sentence. */
  readonly ifUnanswered: string;
}

const DEADLINES: Deadlines = { connectMs: 10_000, headersMs: 30_000, bodyMs: 30_000, totalMs: 60_000 };
/** Above the largest page of requests. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

/** Null without --url. Rejects with a CommandError (`usage`) when the options contradict each other. */
export async function chooseService(call: Call, deps: CliDeps): Promise<RemoteService | null> {
  const { url, ledger, 'token-file': tokenFile } = call.options;
  if (typeof url !== 'string') {
    if (tokenFile !== undefined) throw new CommandError('usage', '--token-file is for --url alone');
    return null;
  }
  if (ledger !== undefined) throw new CommandError('usage', 'say either --ledger or --url');
  const base = url.replace(/\/+$/, '');
  const problem = documentUrlProblem(base, { insecureDev: true }) ?? (base.includes('?') ? 'must have no query' : null);
  if (problem !== null) throw new CommandError('usage', `--url ${problem}`);
  const token = await readToken(tokenFile, deps);
  return createRemoteService({ base, token, http: deps.http });
}

async function readToken(file: string | true | undefined, { env, readText }: CliDeps): Promise<string> {
  const [name, text] =
    typeof file === 'string'
      ? ['--token-file', await readFile(file, readText)]
      : [TOKEN_VARIABLE, env[TOKEN_VARIABLE] ?? ''];
  if (name === TOKEN_VARIABLE && text === '')
    throw new CommandError('usage', `--url needs an access token, in ${TOKEN_VARIABLE} or with --token-file FILE`);
  const fault = checkBearerToken(text);
  if (fault !== null) throw new CommandError('usage', `${name} ${fault}`);
  return trimBearerToken(text);
}

async function readFile(path: string, readText: CliDeps['readText']): Promise<string> {
  return await readText(path).catch((error: unknown) => {
    const fault = error instanceof TextFileError ? error.message : 'cannot be read';
    throw new CommandError('usage', `--token-file ${fault}`, { cause: error });
  });
}

function createRemoteService({
  base,
  token,
  http,
}: {
  readonly base: string;
  readonly token: string;
  readonly http: HttpPort;
}): RemoteService {
  const holdsToken = createKeySearch([new Secret(token)]);
  const fail = (sentence: string): never => {
    throw new CommandError(
      'failed',
      holdsToken(sentence) ? 'The service refused, and its answer is not shown.' : sentence,
    );
  };
  return {
    async ask({ method, path, body, ifUnanswered }) {
      const result = await http.exchange({
        method,
        url: `${base}${path}`,
        headers: {
          Accept: 'application/json',
          Authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        },
        body: body === undefined ? null : JSON.stringify(body),
        deadlines: DEADLINES,
        maxResponseBytes: MAX_ANSWER_BYTES,
      });
      switch (result.kind) {
        case 'not_sent':
          return fail(`The service could not be reached (${result.reason}). Nothing was changed.`);
        case 'maybe_sent':
          return fail(`No complete answer came (${result.reason}), ${ifUnanswered}`);
        case 'answered': {
          const text = new TextDecoder().decode(result.body);
          return result.status >= 200 && result.status < 300 ? text : fail(problemSentence(result.status, text));
        }
        default:
          return result satisfies never;
      }
    },
  };
}
