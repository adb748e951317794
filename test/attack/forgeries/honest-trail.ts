import { copyFileSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createCheckpointMaker } from '../../../src/audit/checkpoint/checkpoint-maker.ts';
import { formatItem } from '../../../src/audit/format/formats.ts';
import { resolveUnknown } from '../../../src/invite/settle/resolve-unknown.ts';
import type { Ledger } from '../../../src/ledger/port.ts';
import { createFakeIds, promisesSettled } from '../../support/clock.ts';
import { HOUR_MS } from '../../support/ledger/ledger.ts';
import type { InviteOptions, TestService } from '../../support/service.ts';
import { startTestService } from '../../support/service.ts';
import { testKey } from '../../unit/audit/verify/trail-harness.ts';
import type { TestKey } from '../../unit/audit/verify/trail-harness.ts';

/**
 * The trail that the forgeries change: a ledger file with invites of every ending, written by the service over HTTP and
 * signed by the service's own checkpoint maker; the lines that a sink received; and what an auditor kept. It is the
 * same in every run. `checkpoints` are at records 12, 24 and 36, and the records behind 36 have none. The auditor kept
 * the one of record 24.
 */
export interface HonestTrail {
  /** The ledger, at rest. */
  readonly ledger: string;
  /** The same service's ledger as a crash leaves it: the last records are in the write-ahead log only. */
  readonly crashed: string;
  /** The size of its log when the trail had 42 records. */
  readonly logBytesAt42: number;
  /** An earlier backup of the ledger, which ends with record 24. */
  readonly backup: string;
  /** The ledger of another deployment. It has the same signing key, and as many records. */
  readonly other: string;
  /** Native lines, records and checkpoints, as a sink received them. */
  readonly lines: readonly string[];
  readonly otherLines: readonly string[];
  readonly kept: string;
  readonly publicKey: string;
  readonly keys: { readonly service: TestKey; readonly attacker: TestKey };
}

export const KEPT_AT = 24;
export const CHECKPOINTS_AT = [12, 24, 36] as const;

const PEOPLE = {
  corp: { domain: 'acme.com', key: 'onboarding-2026-03-02-run-' },
  other: { domain: 'eu.acme.com', key: 'another-deployments-run-0' },
} as const;

/** Writes everything into `folder`. */
export async function makeHonestTrail(folder: string): Promise<HonestTrail> {
  const keys = { service: await testKey(7), attacker: await testKey(9) };
  mkdirSync(folder, { recursive: true });
  const path = (name: string): string => join(folder, name);
  const honest = await runDeployment('corp', keys.service, path);
  const other = await runDeployment('other', keys.service, (name) => path(`other-${name}`));
  const kept = honest.lines.find((line) => isCheckpoint(line, KEPT_AT));
  if (kept === undefined) throw new Error('no checkpoint was made where the auditor keeps one');
  writeFileSync(path('kept.ndjson'), `${kept}\n`);
  writeFileSync(path('key.pub.pem'), keys.service.publicPem);
  return {
    ledger: path('ledger.db'),
    crashed: path('crashed.db'),
    logBytesAt42: honest.logBytesAt42,
    backup: path('backup.db'),
    other: path('other-ledger.db'),
    lines: honest.lines,
    otherLines: other.lines,
    kept: path('kept.ndjson'),
    publicKey: path('key.pub.pem'),
    keys,
  };
}

function isCheckpoint(line: string, count: number): boolean {
  const item = JSON.parse(line) as { kind: string; count?: number };
  return item.kind === 'checkpoint' && item.count === count;
}

/** Runs one deployment through its day, and copies its ledger file at rest, in the middle, and as a crash leaves it. */
async function runDeployment(
  name: keyof typeof PEOPLE,
  key: TestKey,
  path: (name: string) => string,
): Promise<Pick<HonestTrail, 'lines' | 'logBytesAt42'>> {
  const closings: (() => void | Promise<void>)[] = [];
  const service = await startTestService({
    ledger: 'file',
    settings: { GALILEO_RECONCILE: true },
    closeBy: (closing) => void closings.unshift(closing),
  });
  const file = String(service.sql('PRAGMA database_list')[0]?.['file']);
  const { ledger } = service.deps;
  const cover = checkpointing(service, key);
  const copyTo = (to: string): void => {
    copyFileSync(file, path(to));
    copyFileSync(`${file}-wal`, path(`${to}-wal`));
  };
  await liveThroughMorning(service, name, cover);
  copyTo('backup.db');
  settleFile(path('backup.db'));
  await liveThroughAfternoon(service, name, cover);
  const logBytesAt42 = statSync(`${file}-wal`).size;
  const end = await liveThroughEvening(service, name);
  copyTo('crashed.db');
  copyTo('ledger.db');
  settleFile(path('ledger.db'));
  const lines = await deliveredBy(ledger);
  await end();
  for (const close of closings) await close();
  return { lines, logBytesAt42 };
}

/** As the service closes it: everything is in the database file, and there is no log. */
function settleFile(path: string): void {
  const database = new DatabaseSync(path);
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  database.close();
}

type Cover = (count: number) => Promise<void>;

function checkpointing({ deps, clock }: TestService, { signer }: TestKey): Cover {
  const { ledger, logger } = deps;
  const maker = createCheckpointMaker({
    ledger,
    clock,
    logger,
    ids: createFakeIds(900_000),
    signer: async () => signer,
    // Not on record here, so that records keep their numbers.
    recordKey: async () => undefined,
  });
  return async (count) => {
    const { head } = await ledger.chain();
    if (head.seq !== count) throw new Error(`the trail has ${head.seq} records where it should have ${count}`);
    while ((await maker.make('now')).kind === 'made');
  };
}

async function liveThroughMorning(service: TestService, name: keyof typeof PEOPLE, cover: Cover): Promise<void> {
  const { clock, galileo } = service;
  const { domain, key } = PEOPLE[name];
  const invite = inviteBy(service, domain);
  await invite(['ann.lee'], { headers: { 'Idempotency-Key': `${key}1` } });
  clock.advance(60_000);
  await invite(['ben.ortiz', 'cleo.haas'], { headers: { 'Idempotency-Key': `${key}2` } });
  clock.advance(60_000);
  await invite(['refuse'], { headers: { 'Idempotency-Key': `${key}3` } });
  await service.invite({ emails: ['eve@rival.io'], auth_method: 'okta' });
  clock.advance(60_000);
  // The machine's clock is set right: record 8 is earlier than record 7.
  clock.jump(-90_000);
  galileo.script({ kind: 'hangup', when: 'after_body' });
  await invite(['dan.cole'], { headers: { 'Idempotency-Key': `${key}4` } });
  await invite(['ann.lee'], { headers: { 'Idempotency-Key': `${key}1` } });
  await invite(['kim.park'], { query: '?dry_run=true' });
  await service.invite({ emails: ['mallory@rival.io'], auth_method: 'okta' });
  await cover(12);
  clock.advance(HOUR_MS);
  await invite(['fay.moss'], { token: await service.token({ sub: 'ann', client_id: 'hr-portal' }) });
  await invite(['gus.wolf']);
  galileo.script({ kind: 'answer', status: 503, body: 'try later' });
  await invite(['hal.webb'], { headers: { 'Idempotency-Key': `${key}5` } });
  await invite(['ivy.bond']);
  await invite(['jon.reed']);
  await service.invite({ emails: ['eve@rival.io'], auth_method: 'okta' });
  await invite(['lou.park'], { query: '?dry_run=true' });
  await cover(KEPT_AT);
}

async function liveThroughAfternoon(service: TestService, name: keyof typeof PEOPLE, cover: Cover): Promise<void> {
  const { clock } = service;
  const { domain, key } = PEOPLE[name];
  const invite = inviteBy(service, domain);
  clock.advance(HOUR_MS);
  await invite(['mia.kerr'], { headers: { 'Idempotency-Key': `${key}6` } });
  await settleByHand(service, 8);
  await invite(['ned.hale']);
  await invite(['ora.finn']);
  await invite(['pia.lund']);
  await invite(['ron.shaw'], { headers: { 'Idempotency-Key': `${key}7` } });
  await service.invite({ emails: ['eve@rival.io'], auth_method: 'okta' });
  await cover(36);
  clock.advance(60_000);
  await invite(['sue.vale']);
  await invite(['tom.beck']);
  await invite(['uma.cruz'], { headers: { 'Idempotency-Key': `${key}8` } });
}

/** Returns what lets the last request end. */
async function liveThroughEvening(service: TestService, name: keyof typeof PEOPLE): Promise<() => Promise<void>> {
  const { galileo, deps } = service;
  const { domain, key } = PEOPLE[name];
  const invite = inviteBy(service, domain);
  // A subject beyond its limit of recorded refusals: the rest of that minute is only counted.
  const token = await service.token({ sub: 'looping-script', client_id: 'hr-portal' });
  for (let times = 0; times < 22; times += 1) {
    await service.invite({ emails: ['eve@rival.io'], auth_method: 'okta' }, { token });
  }
  // In flight: Galileo has not answered yet.
  const answered = Promise.withResolvers<void>();
  galileo.script({ kind: 'answer', status: 200, body: {}, after: answered.promise });
  const before = (await deps.ledger.chain()).head.seq;
  const inFlight = invite(['vic.dorn'], { headers: { 'Idempotency-Key': `${key}9` } });
  await until(async () => (await deps.ledger.chain()).head.seq > before);
  // The sink has everything.
  await until(async () => (await deps.ledger.backlog(['test'])).every(({ records }) => records === 0));
  return async () => {
    answered.resolve();
    await inFlight;
  };
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await promisesSettled();
}

function inviteBy(service: TestService, domain: string) {
  return async (people: readonly string[], options: InviteOptions = {}): Promise<void> => {
    const emails = people.map((person) => `${person}@${domain}`);
    await service.invite({ emails, auth_method: 'okta' }, options);
  };
}

/** A person settles the unknown outcome of the request that this record admitted. */
async function settleByHand({ deps, records }: TestService, intentSeq: number): Promise<void> {
  const requestId = (await records())[intentSeq - 1]?.request_id ?? '';
  const entry = await deps.ledger.find(requestId, null);
  const intent = entry?.decided ?? null;
  if (intent === null) throw new Error('the request to settle is not there');
  const by = { kind: 'person', person: 'Ann Smith', note: 'listed in Galileo since 10:02' } as const;
  await deps.ledger.settle(resolveUnknown({ requestId, intent }, { ending: 'accepted', by }));
}

async function deliveredBy(ledger: Pick<Ledger, 'lease'>): Promise<readonly string[]> {
  // Another sink, which has acknowledged nothing.
  return (await ledger.lease('auditor', 1_000)).map((item) => formatItem('native', item));
}
