import type { OutboxItem } from '../delivery/sink.ts';
import { deliveredLine } from './formats.ts';
import type { AuditFormat } from './formats.ts';

/**
 * A log line that contains one item of the trail: under `record` or `checkpoint`, or under `ocsf` in that format. The
 * line has the form of the operational lines beside it, with `"channel":"audit"`. The text of the item is inserted as
 * it is, so a native member is byte for byte the stored line.
 */
export function stdoutLine(format: AuditFormat, item: OutboxItem, time: string): string {
  const member = format === 'native' ? item.kind : format;
  return `{"level":"info","time":"${time}","channel":"audit","${member}":${deliveredLine(format, item)},"event":"audit_${item.kind}"}`;
}
