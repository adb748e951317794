/**
 * `npm run demo`: sends six requests that end in six ways, and prints each answer with its audit record. The service is
 * the real one. Galileo and the identity provider are the stand-ins, and the ledger is a new one in a temporary folder.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startService } from './service.ts';
import { startStandIns } from './stand-ins.ts';

interface Scene {
  readonly title: string;
  readonly emails: readonly string[];
  readonly idempotencyKey?: string;
  /** The kind of the record that is printed. */
  readonly kind: 'denial' | 'outcome' | 'replay';
}

const SCENES: readonly Scene[] = [
  { title: 'accepted', emails: ['ann@acme.com'], idempotencyKey: 'demo-key-0000000001', kind: 'outcome' },
  { title: 'denied by a rule', emails: ['ann@notacme.com'], kind: 'denial' },
  {
    title: 'over a quota (three invitations a person and day, this is the fourth)',
    emails: ['ann@acme.com'],
    kind: 'denial',
  },
  {
    title: 'replayed (the first request again, same Idempotency-Key)',
    emails: ['ann@acme.com'],
    idempotencyKey: 'demo-key-0000000001',
    kind: 'replay',
  },
  { title: 'refused upstream', emails: ['refuse@acme.com'], kind: 'outcome' },
  { title: 'unknown (Galileo hung up after it had the request)', emails: ['hangup@acme.com'], kind: 'outcome' },
];

const folder = await mkdtemp(join(tmpdir(), 'invite-proxy-demo-'));
const standIns = await startStandIns(process.env, { identityProvider: 0, galileo: 0 });
const service = await startService(
  {
    ...process.env,
    ...standIns.env,
    PORT: '0',
    OPS_PORT: '0',
    POLICY_FILE: 'dev/policy.yaml',
    LEDGER_URL: `sqlite:${join(folder, 'ledger.db')}`,
  },
  { keepRecords: true },
);
const token = await standIns.identityProvider.issue({ sub: 'hr-portal' });

async function invite({ emails, idempotencyKey }: Pick<Scene, 'emails' | 'idempotencyKey'>): Promise<Response> {
  return await fetch(`${service.url}/v2/invite_users`, {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${token}`,
      'Content-Type': 'application/json',
      ...(idempotencyKey === undefined ? {} : { 'Idempotency-Key': idempotencyKey }),
    },
    body: JSON.stringify({ emails, auth_method: 'okta' }),
  });
}

for (const [index, scene] of SCENES.entries()) {
  if (index === 2) for (let times = 0; times < 2; times += 1) await invite({ emails: ['ann@acme.com'] });
  const response = await invite(scene);
  const requestId = response.headers.get('X-Request-Id');
  const record = await service.record(({ kind, request_id: id }) => kind === scene.kind && id === requestId);
  process.stdout.write(
    `\n${index + 1}. ${scene.title}\n   POST /v2/invite_users ${JSON.stringify(scene.emails)}\n` +
      `   ${response.status} ${await response.text()}\n   audit ${JSON.stringify(record)}\n`,
  );
}

await service.stop();
await standIns.close();
await rm(folder, { recursive: true });
