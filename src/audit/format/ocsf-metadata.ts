import type { ChangeRecord, ReadRecord } from '../record.ts';
import { OCSF_VERSION } from './ocsf-mapping.ts';

/**
 * The member `metadata` of an OCSF event about a record that is about no request. The events about requests have theirs
 * from the table of ocsf-mapping.ts. Pure.
 */
export function ocsfMetadata({ seq, id, time, kind, service }: ChangeRecord | ReadRecord): object {
  return {
    version: OCSF_VERSION,
    product: { name: service.name, version: service.version },
    reporter: { name: service.name, uid: service.instance },
    log_name: 'audit',
    event_code: kind,
    uid: id,
    original_event_uid: id,
    sequence: seq,
    original_time: time,
  };
}
