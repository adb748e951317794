import type { ReadRecord } from '../record.ts';
import { API_ACTIVITY } from './ocsf-mapping.ts';
import { ocsfMetadata } from './ocsf-metadata.ts';

/**
 * A record of kind `read` as an OCSF 1.8.0 event: API Activity (6003), activity Read. Pure. The line itself, in
 * `raw_data`, is what the hash chain covers; ocsf-event adds it.
 */
const READ = { id: 2, name: 'Read' };
const USER_TYPES = { user: { id: 1, name: 'User' }, app: { id: 4, name: 'Service' } } as const;
/** In place of an actor in the record about all readers of a minute beyond the limit. */
const OTHERS = 'readers beyond the limit';

export const READ_MESSAGE = 'The audit trail, or requests of other callers, were read';

export function ocsfReadEvent(record: ReadRecord): object {
  const { time, actor, read, service } = record;
  const { count, counts, records, first_seq, last_seq, filters, from, to } = read;
  return {
    class_uid: API_ACTIVITY.id,
    class_name: API_ACTIVITY.name,
    category_uid: 6,
    category_name: 'Application Activity',
    activity_id: READ.id,
    activity_name: READ.name,
    type_uid: API_ACTIVITY.id * 100 + READ.id,
    type_name: `${API_ACTIVITY.name}: ${READ.name}`,
    time: Date.parse(time),
    count,
    start_time: Date.parse(from),
    end_time: Date.parse(to),
    message: READ_MESSAGE,
    severity_id: 1,
    severity: 'Informational',
    status_id: 1,
    status: 'Success',
    metadata: ocsfMetadata(record),
    actor: actorOf(actor),
    src_endpoint: { svc_name: actor?.client_id ?? OTHERS },
    api: { operation: 'read', service: { name: service.name } },
    unmapped: {
      counts,
      records,
      ...(first_seq === undefined ? {} : { first_seq }),
      ...(last_seq === undefined ? {} : { last_seq }),
      filters,
    },
  };
}

function actorOf(actor: ReadRecord['actor']): object {
  if (actor === undefined) return { app_name: OTHERS };
  const { issuer, issuer_url: issuerUrl, subject, client_id: clientId, kind } = actor;
  const type = USER_TYPES[kind];
  return {
    user: { uid: subject, type_id: type.id, type: type.name },
    app_uid: clientId,
    session: { issuer: issuerUrl },
    idp: { name: issuer, uid: issuerUrl },
  };
}
