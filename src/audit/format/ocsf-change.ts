import type { ChangeKind, ChangeRecord, RecordChange } from '../record.ts';
import { ocsfMetadata } from './ocsf-metadata.ts';

/**
 * Records of kind `change` as OCSF 1.8.0 events: Application Lifecycle (6002) for the start and the stop of the service,
 * Entity Management (3004) for everything else. One row for each kind of change. Pure. The line itself, in `raw_data`, is
 * what the hash chain covers; ocsf-event adds it.
 */
interface OcsfClass {
  readonly id: number;
  readonly name: string;
  readonly category: { readonly id: number; readonly name: string };
}

const APPLICATION_LIFECYCLE: OcsfClass = {
  id: 6002,
  name: 'Application Lifecycle',
  category: { id: 6, name: 'Application Activity' },
};
const ENTITY_MANAGEMENT: OcsfClass = {
  id: 3004,
  name: 'Entity Management',
  category: { id: 3, name: 'Identity & Access Management' },
};

const CREATE = { id: 1, name: 'Create' };
const UPDATE = { id: 3, name: 'Update' };
const DELETE = { id: 4, name: 'Delete' };
const START = { id: 3, name: 'Start' };
const STOP = { id: 4, name: 'Stop' };
/** 99 is OCSF's `Other`, with our own name. */
const RESTORE = { id: 99, name: 'Restore' };

const SUCCESS = { id: 1, name: 'Success' };
const FAILURE = { id: 2, name: 'Failure' };
const INFORMATIONAL = { id: 1, name: 'Informational' };
const MEDIUM = { id: 3, name: 'Medium' };

const POLICY = { name: 'Invite policy', type_id: 5, type: 'Policy' };
const API_KEY = { name: 'Galileo API key', type_id: 99, type: 'API key' };
const SIGNING_KEY = { name: 'Checkpoint signing key', type_id: 99, type: 'Signing key' };
const LEDGER = { name: 'Audit ledger', type_id: 99, type: 'Ledger' };

type ChangeOf<K extends ChangeKind> = Extract<RecordChange, { readonly what: K }>;

interface ChangeRow<K extends ChangeKind> {
  readonly of: OcsfClass;
  readonly activity: (change: ChangeOf<K>) => { readonly id: number; readonly name: string };
  readonly status: typeof SUCCESS;
  readonly severity: typeof INFORMATIONAL;
  readonly message: string;
  /** The entity, and its identifier before and after the change; null where there is none. Absent: the application. */
  readonly entity?: (change: ChangeOf<K>) => readonly [entity: object, from: string | null, to: string | null];
  /** What has no attribute. */
  readonly unmapped?: (change: ChangeOf<K>) => object;
}

const done = { status: SUCCESS, severity: INFORMATIONAL };

const CHANGES: { readonly [K in ChangeKind]: ChangeRow<K> } = {
  service_started: {
    ...done,
    of: APPLICATION_LIFECYCLE,
    activity: () => START,
    message: 'Service started',
    unmapped: ({ runtime, settings_sha256 }) => ({ runtime, settings_sha256 }),
  },
  service_stopped: { ...done, of: APPLICATION_LIFECYCLE, activity: () => STOP, message: 'Service stopped' },
  policy_taken: {
    ...done,
    of: ENTITY_MANAGEMENT,
    activity: activityOf,
    message: 'Another policy decides from here on',
    entity: ({ from, to }) => [POLICY, from, to],
  },
  policy_refused: {
    of: ENTITY_MANAGEMENT,
    activity: () => UPDATE,
    status: FAILURE,
    severity: MEDIUM,
    message: 'A changed policy was refused, the one in force stays',
    entity: ({ kept }) => [POLICY, kept, null],
    unmapped: ({ problems }) => ({ problems }),
  },
  key_slot_changed: {
    ...done,
    of: ENTITY_MANAGEMENT,
    activity: activityOf,
    message: 'A slot holds another Galileo API key',
    entity: ({ from, to }) => [API_KEY, from, to],
    unmapped: ({ slot }) => ({ slot }),
  },
  checkpoint_key_changed: {
    ...done,
    of: ENTITY_MANAGEMENT,
    activity: activityOf,
    message: 'Checkpoints are signed with another key',
    entity: ({ from, to }) => [SIGNING_KEY, from, to],
  },
  restored: {
    of: ENTITY_MANAGEMENT,
    activity: () => RESTORE,
    status: SUCCESS,
    severity: MEDIUM,
    message: 'The ledger was restored from a backup',
    entity: ({ head }) => [LEDGER, head, null],
    unmapped: ({ records, backup_time }) => ({ records, backup_time }),
  },
};

export function ocsfChangeEvent(record: ChangeRecord): object {
  const { time, change, service } = record;
  // The row of a kind takes the changes of that kind.
  const row = CHANGES[change.what] as ChangeRow<ChangeKind>;
  const { of, status, severity, message } = row;
  const activity = row.activity(change);
  const unmapped = { what: change.what, ...row.unmapped?.(change) };
  return {
    class_uid: of.id,
    class_name: of.name,
    category_uid: of.category.id,
    category_name: of.category.name,
    activity_id: activity.id,
    activity_name: activity.name,
    type_uid: of.id * 100 + activity.id,
    type_name: `${of.name}: ${activity.name}`,
    time: Date.parse(time),
    message,
    severity_id: severity.id,
    severity: severity.name,
    status_id: status.id,
    status: status.name,
    status_code: change.what,
    metadata: ocsfMetadata(record),
    ...(row.entity === undefined
      ? { app: { name: service.name, version: service.version } }
      : entities(row.entity(change))),
    unmapped,
  };
}

/** Every kind of change with its class and its sentence, for the documentation. */
export function ocsfChanges(): readonly { what: string; of: string; message: string }[] {
  return Object.entries(CHANGES).map(([what, { of, message }]) => ({ what, of: `${of.name} (${of.id})`, message }));
}

function activityOf({ from, to }: { readonly from: string | null; readonly to: string | null }): typeof UPDATE {
  if (to === null) return DELETE;
  return from === null ? CREATE : UPDATE;
}

/** `entity` is what was acted upon, `entity_result` what it became. */
function entities([entity, from, to]: readonly [entity: object, from: string | null, to: string | null]): object {
  const identified = (uid: string): object => ({ ...entity, uid });
  if (from === null) return { entity: to === null ? entity : identified(to) };
  return { entity: identified(from), ...(to === null ? {} : { entity_result: identified(to) }) };
}
