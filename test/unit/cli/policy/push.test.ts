import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createHttpClient } from '../../../../src/platform/node/http-client/http-client.ts';
import { openPolicy } from '../../../../src/platform/workers/policy/source.ts';
import { POLICY_STORE_KEY } from '../../../../src/policy/document/read-document.ts';
import { createFakeClock } from '../../../support/clock.ts';
import { EXAMPLE_POLICY, policyFrom } from '../../../support/policy.ts';
import { recordLogs, recordMetrics } from '../../../support/upstream.ts';
import { GOOD_ENV } from '../cli-harness.ts';
import { runPolicy } from './policy-harness.ts';

/** `policy push` against a stand-in for Cloudflare's API, which keeps each PUT and gives the scripted answer. */
const NAMESPACE = 'ab'.repeat(16);
const ACCOUNT = 'cd'.repeat(16);
const TOKEN = 'cloudflare-token-0123456789';
const GOOD = { status: 200, body: JSON.stringify({ success: true, errors: [], messages: [], result: {} }) };

interface Put {
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly authorization: string | undefined;
  readonly body: string;
}

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((close) => close()));
});

async function startApi(answer: { readonly status: number; readonly body: string } = GOOD) {
  const puts: Put[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method, url: path, headers } = request;
      puts.push({ method, path, authorization: headers.authorization, body: Buffer.concat(chunks).toString('utf8') });
      response.writeHead(answer.status, { 'Content-Type': 'application/json' }).end(answer.body);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const http = createHttpClient();
  open.push(async () => {
    await http.close();
    server.close();
    await once(server, 'close');
  });
  const env = {
    ...GOOD_ENV,
    CLOUDFLARE_API_BASE_URL: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/client/v4`,
    CLOUDFLARE_API_TOKEN: TOKEN,
    CLOUDFLARE_ACCOUNT_ID: ACCOUNT,
  };
  return {
    puts,
    push: (line: string, more: Record<string, string> = {}) =>
      runPolicy(line, { env: { ...env, ...more }, deps: { http } }),
  };
}

describe('policy push', () => {
  it('writes the parsed document where the Workers look, and prints its digest', async () => {
    const { puts, push } = await startApi();
    const { code, stdout, stderr } = await push(`push policy.yaml --namespace ${NAMESPACE} --issuers corp`);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain(`sha256:${policyFrom(EXAMPLE_POLICY).digest}`);
    expect(puts).toHaveLength(1);
    expect(puts[0]).toMatchObject({
      method: 'PUT',
      path: `/client/v4/accounts/${ACCOUNT}/storage/kv/namespaces/${NAMESPACE}/values/${POLICY_STORE_KEY}`,
      authorization: `Bearer ${TOKEN}`,
    });
  });

  it('writes what a Worker takes up as the same policy', async () => {
    const { puts, push } = await startApi();
    await push(`push policy.yaml --namespace ${NAMESPACE} --issuers corp`);
    const pushed = puts[0]?.body ?? '';
    const opened = openPolicy({
      builtIn: { version: 1, rules: [] },
      store: { get: () => Promise.resolve(pushed) },
      issuers: ['corp'],
      clock: createFakeClock(),
      schedule: createFakeClock(),
      logger: recordLogs(),
      metrics: recordMetrics(),
      record: { take: () => Promise.resolve('recorded'), refuse: () => undefined },
    });
    if (opened.kind === 'refused') throw new Error(opened.problems.join());
    expect(await opened.refresh()).toBe('ready');
    expect(opened.policy.current().digest).toBe(policyFrom(EXAMPLE_POLICY).digest);
  });

  it.each([
    ['broken.yaml', /^broken\.yaml:15:\d+ expected one of/m],
    ['failing.yaml', /test failed/],
  ])('does not write %s, which would be refused', async (file, problem) => {
    const { puts, push } = await startApi();
    const { code, stdout } = await push(`push ${file} --namespace ${NAMESPACE} --issuers corp`);
    expect(code).toBe(2);
    expect(stdout).toMatch(problem);
    expect(puts).toEqual([]);
  });

  it.each([
    ['CLOUDFLARE_API_TOKEN', { CLOUDFLARE_API_TOKEN: '' }, NAMESPACE],
    ['CLOUDFLARE_ACCOUNT_ID', { CLOUDFLARE_ACCOUNT_ID: 'mine' }, NAMESPACE],
    ['--namespace', {}, '../../values'],
    ['CLOUDFLARE_API_BASE_URL', { CLOUDFLARE_API_BASE_URL: 'http://api.example.com' }, NAMESPACE],
  ])('asks nobody when %s is wrong, and says so', async (setting, env, namespace) => {
    const { puts, push } = await startApi();
    const { code, stdout, stderr } = await push(`push policy.yaml --namespace ${namespace} --issuers corp`, env);
    expect([code, stdout]).toEqual([64, '']);
    expect(stderr).toContain(setting);
    expect(puts).toEqual([]);
  });

  it('asks nobody without --issuers: those of AUTH_ISSUERS are not that deployment’s', async () => {
    const { puts, push } = await startApi();
    const { code, stdout, stderr } = await push(`push policy.yaml --namespace ${NAMESPACE}`);
    expect([code, stdout]).toEqual([64, '']);
    expect(stderr).toContain('--issuers');
    expect(puts).toEqual([]);
  });

  it('does not write a file that pins an issuer which the deployment does not have', async () => {
    const { puts, push } = await startApi();
    expect((await push(`push policy.yaml --namespace ${NAMESPACE} --issuers elsewhere`)).code).toBe(2);
    expect(puts).toEqual([]);
  });

  it.each([
    [401, 'did not take the token'],
    [403, 'may not edit this namespace'],
    [404, 'no such account or namespace'],
    [500, 'answered 500'],
  ])('fails when Cloudflare answers %i, in words of ours', async (status, message) => {
    const body = JSON.stringify({ success: false, errors: [{ code: 10_000, message: `bad ${TOKEN}` }] });
    const { push } = await startApi({ status, body });
    const { code, stdout, stderr } = await push(`push policy.yaml --namespace ${NAMESPACE} --issuers corp`);
    expect(code).toBe(1);
    expect(stdout).toContain(`${message} (code 10000)`);
    expect(stdout + stderr).not.toContain(TOKEN);
  });

  it('fails when the answer is a 200 that does not say it succeeded', async () => {
    const { push } = await startApi({ status: 200, body: '<h1>Maintenance</h1>' });
    expect((await push(`push policy.yaml --namespace ${NAMESPACE} --issuers corp`)).code).toBe(1);
  });

  it('tells programs the same', async () => {
    const { push } = await startApi();
    const { stdout } = await push(`push policy.yaml --namespace ${NAMESPACE} --issuers corp --json`);
    expect(JSON.parse(stdout)).toEqual({
      ok: true,
      file: 'policy.yaml',
      digest: policyFrom(EXAMPLE_POLICY).digest,
    });
  });
});
