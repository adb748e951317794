import type { AuditFormat } from '../format/formats.ts';
import type { Body } from '../intake/bodies.ts';
import { bodiesOf, utf8Bytes } from '../intake/bodies.ts';
import type { IntakeName } from '../intake/intakes.ts';
import { INTAKES } from '../intake/intakes.ts';
import type { Entry } from './entry.ts';
import { entryOf, standInFor } from './entry.ts';
import type { PostDeps } from './post-batch.ts';
import { postBatch } from './post-batch.ts';
import type { Sink } from './sink.ts';
import { SinkError } from './sink.ts';
import type { OnRefused } from './write-around.ts';
import { createWriteAround } from './write-around.ts';

/**
 * The http sink sends items to one intake, in the form of its row (intake/intakes). A batch is one POST, or several where
 * it is more than the intake takes at once. The content of a request depends only on the items, but for the time of an old
 * record (datadog): what is sent again has the same ids, and with CloudEvents the same bytes and the same `ce-id`, so a
 * receiver may drop the repeat as a whole.
 */
export interface HttpSinkDeps extends PostDeps {
  readonly url: string;
  readonly intake: IntakeName;
  readonly format: AuditFormat;
  /** A URI reference that names this deployment (CloudEvents `source`); the same for all its processes. */
  readonly source: string;
  readonly userAgent: string;
  /** Called for every request, so a rotated token needs no restart. Null: no field with credentials. */
  readonly token: () => Promise<string | null>;
  /** More header fields, names in lower case, secrets included. Called for every request. */
  readonly headers: () => Promise<Readonly<Record<string, string>>>;
  readonly onRefused: OnRefused;
  readonly timeoutMs?: number;
}

const EVENT_TYPE = 'galileo-invite-proxy.audit.batch.v1';
const TIMEOUT_MS = 10_000;

export function createHttpSink(deps: HttpSinkDeps): Sink {
  const { url, format, source, userAgent, token, headers, clock, onRefused, timeoutMs = TIMEOUT_MS } = deps;
  const intake = INTAKES[deps.intake];
  const target = intake.target?.(url) ?? url;
  const { entryBytes } = intake.limits;
  const mostLineBytes = intake.mostLineBytes?.(new URL(url)) ?? Infinity;
  /** The intake would cut it, and answer that it took it. */
  const isCut = (entry: Entry): boolean =>
    (mostLineBytes < Infinity && utf8Bytes(entry.line) > mostLineBytes) ||
    (entryBytes < Infinity && utf8Bytes(intake.frame(entry, clock.now())) > entryBytes);

  async function secretFields(): Promise<Readonly<Record<string, string>>> {
    try {
      const [given, more] = [await token(), await headers()];
      const { field, scheme } = intake.credentials;
      return given === null ? more : { ...without(field, more), [field]: `${scheme}${given}` };
    } catch {
      // Not passed on: the message of that error may contain more than a SinkError should.
      throw new SinkError('token_unavailable');
    }
  }

  async function post({ entries, text }: Body): Promise<readonly Entry[]> {
    const answer = await postBatch(
      deps,
      {
        url: target,
        headers: {
          ...(await secretFields()),
          'Content-Type': intake.contentType,
          'User-Agent': userAgent,
          ...(intake.hasCloudEvents === true ? describeBatch(entries, { format, source }) : {}),
        },
        body: text,
        compression: intake.isGzipTaken ? 'gzip' : 'none',
        timeoutMs,
      },
      (other) => intake.failure(other),
    );
    return intake.read(answer, entries);
  }

  const write = createWriteAround({
    async post(entries) {
      const refused: Entry[] = [];
      for (const body of bodiesOf(entries, intake, clock.now())) refused.push(...(await post(body)));
      return refused;
    },
    onRefused,
  });

  return {
    name: 'http',
    async write(items) {
      const entries = items.map((item) => entryOf(item, format));
      // Nothing is asked of the intake, so this is no refusal of its own: any number of them in a row stops nothing.
      const cut = entries.filter(isCut);
      const sent = entries.map((entry) => (cut.includes(entry) ? standInFor(entry, 'too_large') : entry));
      // One body after the other, so that a refusal in one does not send another one again.
      for (const body of bodiesOf(sent, intake, clock.now())) await write(body.entries);
      for (const entry of cut) onRefused(entry, 'too_large');
    },
  };
}

function without(field: string, fields: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => name.toLowerCase() !== field.toLowerCase()));
}

/**
 * CloudEvents HTTP binding §3.1; extension names are lower-case letters and digits (CloudEvents 1.0, Naming
 * Conventions).
 */
function describeBatch(
  entries: readonly Entry[],
  { format, source }: Pick<HttpSinkDeps, 'format' | 'source'>,
): Record<string, string> {
  const [from, to] = [entries[0]?.facts, entries.at(-1)?.facts];
  if (from === undefined || to === undefined) return {};
  return {
    'ce-specversion': '1.0',
    'ce-type': EVENT_TYPE,
    'ce-source': source,
    'ce-id': `${from.id}.${to.id}`,
    ...(to.time === null ? {} : { 'ce-time': to.time }),
    'ce-auditformat': format,
    'ce-firstseq': String(from.seq),
    'ce-lastseq': String(to.seq),
  };
}
