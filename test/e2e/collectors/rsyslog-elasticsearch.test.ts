/**
 * The recipe of docs/audit-recipes.md for Elasticsearch with a real rsyslog. The stand-in speaks the bulk interface: it
 * keeps documents by their id, and answers `create` of a known id with 409.
 */
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startRsyslog, testFolder } from './daemon.ts';
import { expectWholeTrail, feed } from './feed.ts';
import { createReceiver } from './receiver.ts';
import type { Receiver } from './receiver.ts';
import { recipes, STDOUT_FILE } from './recipe.ts';

interface Elasticsearch extends Receiver {
  readonly documents: ReadonlyMap<string, { readonly message: string }>;
  /** The status of each document that was sent. */
  readonly statuses: readonly number[];
}

/** `refuses` may answer a request in its place. */
async function elasticsearch(refuses: (requests: number) => object | null = () => null): Promise<Elasticsearch> {
  const documents = new Map<string, { message: string }>();
  const statuses: number[] = [];
  let requests = 0;
  const receiver = await createReceiver((request, response, body) => {
    response.setHeader('Content-Type', 'application/json');
    // What omelasticsearch asks after a failure, before it sends again.
    if (request.url === '/_cat/health') return void response.end('{}');
    expect([request.method, request.url]).toEqual(['POST', '/_bulk']);
    requests += 1;
    const refusal = refuses(requests);
    if (refusal !== null) return void response.writeHead(429).end(JSON.stringify(refusal));
    const lines = body.split('\n').slice(0, -1);
    const items = Array.from({ length: lines.length / 2 }, (_, n) => {
      const { create } = JSON.parse(lines[n * 2] ?? '') as { create: { readonly [name in '_index' | '_id']: string } };
      const { _id: id } = create;
      const status = documents.has(id) ? 409 : 201;
      if (status === 201) documents.set(id, JSON.parse(lines[n * 2 + 1] ?? '') as { message: string });
      statuses.push(status);
      return { create: { ...create, status } };
    });
    response.end(JSON.stringify({ took: 1, errors: items.some(({ create }) => create.status !== 201), items }));
  });
  return { ...receiver, documents, statuses };
}

function config(folder: string, { port }: Receiver, stdout: string): string {
  const [text = ''] = recipes('rsyslog to Elasticsearch', {
    [STDOUT_FILE]: stdout,
    'https://elastic.acme.com:9200': `http://127.0.0.1:${String(port)}`,
    '/var/spool/rsyslog': folder,
    'action.resumeInterval="5"': 'action.resumeInterval="1"',
  });
  return text;
}

describe('rsyslog to Elasticsearch, as docs/audit-recipes.md sets it up', () => {
  it.each(['native', 'ocsf'] as const)(
    'stores every %s line whole and once, with Elasticsearch down twice and rsyslog killed',
    async (format) => {
      const folder = await testFolder();
      const stdout = join(folder, 'stdout.log');
      const trail = await feed(format);
      const receiver = await elasticsearch();
      const down = await receiver.down();
      await writeFile(stdout, trail.halves[0]);

      const first = await startRsyslog(folder, config(folder, receiver, stdout));
      await down.tried(2);
      await receiver.up();
      await expect.poll(() => receiver.documents.size, { timeout: 60_000 }).toBe(trail.inFirst);

      const downAgain = await receiver.down();
      await appendFile(stdout, trail.halves[1]);
      await downAgain.tried(2);
      await first.end('SIGKILL');
      await startRsyslog(folder, config(folder, receiver, stdout));
      await downAgain.tried(2);
      await receiver.up();
      await expect.poll(() => receiver.documents.size, { timeout: 60_000 }).toBe(trail.lines.length);

      const stored = [...receiver.documents.values()].map(({ message }) => message);
      expect(stored.toSorted()).toEqual(trail.lines.toSorted());
      // What was sent again after the kill was recognised.
      expect(receiver.statuses).toContain(409);
      const exported = join(folder, 'exported.ndjson');
      const dump = [...receiver.documents].map(([_id, _source]) =>
        JSON.stringify({ _index: 'invite-audit', _id, _source }),
      );
      await writeFile(exported, dump.join('\n'));
      await expectWholeTrail(exported, trail);
    },
  );

  it('keeps in its error file what Elasticsearch refuses, and sends the rest', async () => {
    const folder = await testFolder();
    const stdout = join(folder, 'stdout.log');
    const trail = await feed('native');
    const refusal = { error: { type: 'es_rejected_execution_exception' }, status: 429 };
    const receiver = await elasticsearch((requests) => (requests === 3 ? refusal : null));
    await receiver.up();
    await writeFile(stdout, trail.halves.join(''));
    await startRsyslog(folder, config(folder, receiver, stdout));
    await expect.poll(() => receiver.documents.size, { timeout: 60_000 }).toBe(trail.lines.length - 1);

    const refused = await readFile(join(folder, 'galileo-invite-proxy-refused.json'), 'utf8');
    const { request } = JSON.parse(refused) as { request: { postdata: string } };
    const answer = await fetch(`http://127.0.0.1:${String(receiver.port)}/_bulk`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-ndjson' },
      body: request.postdata,
    });
    expect(answer.status).toBe(200);
    const stored = [...receiver.documents.values()].map(({ message }) => message);
    expect(stored.toSorted()).toEqual(trail.lines.toSorted());
  });
});
