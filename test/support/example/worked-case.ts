import { createCheckpointMaker } from '../../../src/audit/checkpoint/checkpoint-maker.ts';
import { formatItem } from '../../../src/audit/format/formats.ts';
import type { OutboxItem } from '../../../src/audit/delivery/sink.ts';
import { auditPorts } from '../../../src/cli/audit/ports.ts';
import { SERVICE_VERSION } from '../../../src/config/service.ts';
import { testKey } from '../../unit/audit/verify/trail-harness.ts';
import { runCommand } from '../../unit/cli/cli-harness.ts';
import { createFakeIds } from '../clock.ts';
import type { TestService } from '../service.ts';
import { startTestService } from '../service.ts';

/**
 * The worked case of docs/audit-example.md: one invite whose outcome was unknown, carried out over HTTP by the real service,
 * and what the real commands say of it. The clock, the ids and the keys are those of tests, so it is the same in every run.
 * It is told again with the code of today whenever the page is generated.
 */
export interface WorkedCase {
  readonly requestId: string;
  /** Native lines, as a sink receives them: the records, and the checkpoint that covers them. */
  readonly lines: readonly string[];
  /** The outcome record as a sink with AUDIT_FORMAT=ocsf receives it. */
  readonly ocsfEvent: string;
  /** What each command prints, without its last line end, and its exit code. */
  readonly answers: Readonly<
    Record<'show' | 'verify' | 'verifyEdited', { readonly text: string; readonly exit: number }>
  >;
}

const MINUTE_MS = 60_000;
const KEY = 'onboarding-2026-03-02-0001';
const PEOPLE = ['ann@acme.com', 'bob@acme.com'];

export async function makeWorkedCase(): Promise<WorkedCase> {
  const closings: (() => void | Promise<void>)[] = [];
  const service = await startTestService({
    ledger: 'file',
    settings: { GALILEO_RECONCILE: true },
    deps: {
      service: { name: 'galileo-invite-proxy', version: SERVICE_VERSION, runtime: 'node', instance: 'invites-1' },
    },
    closeBy: (closing) => void closings.unshift(closing),
  });
  try {
    const key = await testKey(7);
    const requestId = await carryOut(service);
    await cover(service, key.signer);
    const items = await service.deps.ledger.lease('auditor', 100);
    const lines = items.map((item) => formatItem('native', item));
    return {
      requestId,
      lines,
      ocsfEvent: formatItem('ocsf', outcomeIn(items)),
      answers: await ask(requestId, lines, key.publicPem),
    };
  } finally {
    for (const close of closings) await close();
  }
}

/** Returns the id of the request. */
async function carryOut(service: TestService): Promise<string> {
  const { clock, galileo } = service;
  const kim = await service.token({ sub: 'kim', client_id: 'hr-portal', jti: 'a1b2c3' });
  const invite = () =>
    service.invite({ emails: PEOPLE, auth_method: 'okta' }, { token: kim, headers: { 'Idempotency-Key': KEY } });
  galileo.scriptClock(clock.now);
  galileo.script({ kind: 'answer', status: 503, body: 'upstream is busy' });
  const answer = await invite();
  const requestId = answer.headers.get('X-Request-Id') ?? '';
  galileo.createUser('ann@acme.com', clock.now() + 1000);
  clock.advance(MINUTE_MS + 1000);
  await service.reconcile?.();
  clock.advance(72 * MINUTE_MS);
  const smith = await service.token({ sub: 'ann.smith', client_id: 'it-desk', scope: 'invites:settle', jti: 'd4e5f6' });
  await service.request(`/v2/invite_requests/${requestId}/settlement`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${smith}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ outcome: 'accepted', note: 'both listed in Galileo since 10:02' }),
  });
  clock.advance(MINUTE_MS);
  const again = await service.token({ sub: 'kim', client_id: 'hr-portal', jti: 'a1b2c4' });
  await service.invite({ emails: PEOPLE, auth_method: 'okta' }, { token: again, headers: { 'Idempotency-Key': KEY } });
  return requestId;
}

async function cover({ deps, clock }: TestService, signer: Parameters<typeof withSigner>[0]): Promise<void> {
  const { ledger, logger } = deps;
  const maker = createCheckpointMaker({ ledger, clock, logger, ids: createFakeIds(900_000), ...withSigner(signer) });
  while ((await maker.make('now')).kind === 'made');
}

const withSigner = (signer: Awaited<ReturnType<typeof testKey>>['signer']) => ({
  signer: async () => signer,
  recordKey: async () => undefined,
});

function outcomeIn(items: readonly OutboxItem[]): OutboxItem {
  const item = items.find(({ line }) => line.includes('"kind":"outcome"'));
  if (item === undefined) throw new Error('the case has no outcome');
  return item;
}

async function ask(requestId: string, lines: readonly string[], publicPem: string): Promise<WorkedCase['answers']> {
  const edited = lines.map((line) => line.replace('"both listed in Galileo', '"none listed in Galileo'));
  const files: Readonly<Record<string, string>> = {
    'invites.ndjson': `${lines.join('\n')}\n`,
    'edited.ndjson': `${edited.join('\n')}\n`,
    'kept.ndjson': `${lines.at(-1) ?? ''}\n`,
    'audit.pub.pem': publicPem,
  };
  const read = (path: string): string => {
    const content = files[path];
    if (content === undefined) throw new Error(`${path} is not part of the case`);
    return content;
  };
  const run = async (args: readonly string[]) => {
    const { code, stdout, stderr } = await runCommand(['audit', ...args], {
      deps: {
        readText: async (path) => read(path),
        audit: {
          ...auditPorts,
          async *readBytes(path) {
            yield Buffer.from(read(path));
          },
        },
      },
    });
    if (stderr !== '') throw new Error(stderr);
    return { text: stdout.trimEnd(), exit: code };
  };
  const evidence = ['--checkpoint', 'kept.ndjson', '--public-key', 'audit.pub.pem'];
  return {
    show: await run(['show', requestId, '--lines', 'invites.ndjson']),
    verify: await run(['verify', '--lines', 'invites.ndjson', ...evidence]),
    verifyEdited: await run(['verify', '--lines', 'edited.ndjson', ...evidence]),
  };
}
