/**
 * Measures the CPU time and the answer of bodies that do not fit the contract, beside accepted bodies of the same size.
 * Prints a Markdown table. It is not a test: the figures depend on the machine. test/http/answer-sizes.test.ts tests
 * the sizes, and test/unit/contract/validation-error.test.ts that no entry of a list that is too long is read.
 * Run: node bench/refusals.ts
 */
import { cpus } from 'node:os';
import { Hono } from 'hono';
import type { AppEnv } from '../src/middleware/app-env.ts';
import { MAX_BODY_BYTES } from '../src/middleware/limits/body-limit.ts';
import { readStrictly, validateInvite } from '../src/middleware/validation/validate-invite.ts';
import { median } from './growth/cpu-time.ts';

const SAMPLES = 31;
const CALLS = 20;

const app = new Hono<AppEnv>();
app.use(async (c, next) => {
  c.set('requestId', '0190a5d4-0000-7000-8000-000000000001');
  await next();
});
app.post('/', readStrictly, validateInvite, (c) => c.body(null, 204));

/** `item`s between `head` and `tail`, as many as fit into a body or `count`. */
function listed(head: string, item: (index: number) => string, tail: string, count = Infinity): string {
  let text = head;
  for (let index = 0; index < count; index += 1) {
    const next = `${index === 0 ? '' : ','}${item(index)}`;
    if (text.length + next.length + tail.length > MAX_BODY_BYTES) break;
    text += next;
  }
  return text + tail;
}

const ANN = '{"emails":["ann@acme.com"],';
const BODIES: readonly (readonly [name: string, body: string])[] = [
  [
    'accepted: 500 addresses',
    listed('{"emails":[', (n) => `"${`a${n}`.padEnd(64, 'x')}@${'d'.repeat(50)}.acme.com"`, ']}', 500),
  ],
  ['accepted: one address and spaces', `{"emails":["ann@acme.com"]${' '.repeat(MAX_BODY_BYTES - 30)}}`],
  ['group ids `""`', listed(`${ANN}"group_ids":[`, () => '""', ']}')],
  ['group ids `0`', listed(`${ANN}"group_ids":[`, () => '0', ']}')],
  ['100 long group ids', listed(`${ANN}"group_ids":[`, () => `"${'-'.repeat(640)}"`, ']}', 100)],
  ['addresses `""`', listed('{"emails":[', () => '""', ']}')],
  ['addresses `0`', listed('{"emails":[', () => '0', ']}')],
  ['500 addresses without a domain', listed('{"emails":[', () => `"${'x'.repeat(120)}"`, ']}', 500)],
  ['unknown members', listed('{', (n) => `"${n.toString(36)}":0`, '}')],
  ['one unknown member with a long name', `{"${'x'.repeat(65_000)}":0}`],
  ['an array of arrays', listed('{"x":[', () => '[]', ']}')],
  ['a repeated member', `{${'"a":0,'.repeat(10_000)}"a":0}`],
];

async function send(body: string): Promise<Response> {
  return await app.request('/', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
}

/** Milliseconds of this thread's CPU time for one request: the median of the samples. */
async function milliseconds(body: string): Promise<number> {
  const samples: number[] = [];
  for (let sample = 0; sample < SAMPLES; sample += 1) {
    const from = process.threadCpuUsage();
    for (let call = 0; call < CALLS; call += 1) await (await send(body)).arrayBuffer();
    const { user, system } = process.threadCpuUsage(from);
    samples.push((user + system) / 1000 / CALLS);
  }
  return median(samples);
}

process.stdout.write(`Node ${process.version}, ${cpus()[0]?.model ?? 'unknown processor'}\n\n`);
process.stdout.write('| body | bytes | status | answer, bytes | ms of CPU |\n|---|---:|---:|---:|---:|\n');
for (const [name, body] of BODIES) {
  const response = await send(body);
  const answer = (await response.arrayBuffer()).byteLength;
  const time = await milliseconds(body);
  process.stdout.write(`| ${name} | ${body.length} | ${response.status} | ${answer} | ${time.toFixed(2)} |\n`);
}
