import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { ocsfChangeEvent } from './ocsf-change.ts';
import { ocsfReadEvent } from './ocsf-read.ts';
import { OCSF_ROWS, OCSF_VERSION } from './ocsf-mapping.ts';
import type { AuditRecord, ResultRecord } from '../record.ts';
import { seqAt } from '../delivery/outbox-position.ts';
import type { OutboxItem } from '../delivery/sink.ts';
import { unreadableId } from './item-facts.ts';

/**
 * Records and checkpoints as OCSF events. A record about requests becomes an API Activity
 * (table in ocsf-mapping), a read too (ocsf-read), and a change an event of its own class (ocsf-change). OCSF has no class
 * for a checkpoint, so a checkpoint becomes a Base Event. The hash chain covers only `raw_data`, which is the native
 * text verbatim; the other attributes are a copy for searches.
 */
export function ocsfLine({ kind, line }: OutboxItem): string {
  const event =
    kind === 'record' ? ofRecord(JSON.parse(line) as AuditRecord) : ofCheckpoint(JSON.parse(line) as Checkpoint);
  return JSON.stringify({ ...event, raw_data: line });
}

/** A damaged line as an event: only its place is known. */
export function unreadableOcsfLine({ position, line }: OutboxItem): string {
  return JSON.stringify({ ...ofUnreadable(seqAt(position)), raw_data: line });
}

type Json = { [name: string]: unknown };

function ofRecord(record: AuditRecord): object {
  switch (record.kind) {
    case 'change':
      return ocsfChangeEvent(record);
    case 'read':
      return ocsfReadEvent(record);
    default:
      return ofResult(record);
  }
}

function ofResult(record: ResultRecord): object {
  const event: Json = {};
  for (const { attribute, from, value } of OCSF_ROWS) {
    const at = from === null ? record : read(record, from);
    if (at !== undefined && at !== null) write(event, attribute.split('.'), value(at));
  }
  return event;
}

/** Base Event (class 0), activity Other (99): type_uid is class_uid * 100 + activity_id. */
function baseEvent(activity: string, code: string, facts: { uid: string; time: string | null }): Json {
  const { uid, time } = facts;
  return {
    class_uid: 0,
    class_name: 'Base Event',
    category_uid: 0,
    category_name: 'Uncategorized',
    activity_id: 99,
    activity_name: activity,
    type_uid: 99,
    type_name: `Base Event: ${activity}`,
    time: time === null ? 0 : Date.parse(time),
    metadata: {
      version: OCSF_VERSION,
      product: { name: 'galileo-invite-proxy' },
      log_name: 'audit',
      event_code: code,
      uid,
      original_event_uid: uid,
      ...(time === null ? {} : { original_time: time }),
    },
  };
}

function ofCheckpoint({ id, time, count, head, signature }: Checkpoint): object {
  return {
    ...baseEvent('Checkpoint', 'checkpoint', { uid: id, time }),
    message: 'Checkpoint of the audit trail',
    severity_id: 1,
    severity: 'Informational',
    unmapped: { count, head, ...(signature === undefined ? {} : { key_id: signature.key_id }) },
  };
}

function ofUnreadable(seq: number): object {
  return {
    ...baseEvent('Unreadable', 'unreadable', { uid: unreadableId(seq), time: null }),
    message: 'A damaged line of the audit trail',
    severity_id: 4,
    severity: 'High',
    unmapped: { seq },
  };
}

function read(record: ResultRecord, path: string): unknown {
  return path.split('.').reduce<unknown>((value, name) => (value as Json | undefined)?.[name], record);
}

function write(event: Json, [name = '', ...rest]: readonly string[], value: unknown): void {
  if (value === undefined) return;
  if (rest.length === 0) event[name] = value;
  else write((event[name] ??= {}) as Json, rest, value);
}
