import { DONE } from './situation.ts';
import type { Chapter, HttpSituation } from './situation.ts';

/** The connection to a collector of the audit trail fails. Invites go on: their records wait in the ledger. */
const toDo = 'Nothing: it is delivered again. Log: `audit_delivery_failed`.';
const TWICE = 'Nothing: it is delivered again, so that lines come twice. Drop copies by `id`.';

export const COLLECTOR_SITUATIONS: readonly (HttpSituation & { readonly comesTwice?: true })[] = [
  { what: 'The collector refuses the connection', fault: 'refused', ending: DONE, toDo },
  {
    what: 'The connection is reset before the collector has any of a batch',
    fault: { at: 'request', effect: { kind: 'reset' } },
    ending: DONE,
    toDo,
  },
  {
    what: 'The connection is reset when the collector has half of a batch',
    fault: { at: 'mid_request', effect: { kind: 'reset' } },
    ending: DONE,
    toDo,
  },
  {
    what: 'The connection is closed when the collector has a batch, before its answer',
    fault: { at: 'sent', effect: { kind: 'close' } },
    ending: DONE,
    comesTwice: true,
    toDo: TWICE,
  },
  {
    what: "The connection is closed in the middle of the collector's answer",
    fault: { at: 'mid_answer', effect: { kind: 'close' } },
    ending: DONE,
    comesTwice: true,
    toDo: TWICE,
  },
  {
    what: 'The collector has a batch, and does not answer within 10 s',
    fault: { at: 'sent', effect: { kind: 'silence' } },
    ending: DONE,
    comesTwice: true,
    toDo: TWICE,
  },
  {
    what: 'A batch reaches the collector in packets of 100 bytes',
    fault: { at: 'request', effect: { kind: 'slice', bytes: 100 } },
    ending: DONE,
    toDo: 'Nothing.',
  },
];

export const COLLECTOR: Chapter = {
  title: 'The connection to a collector (HTTP)',
  about:
    'Records wait in the ledger, in order, until their collector takes them, and callers notice nothing. The `http` sink is tried here. ' +
    'docs/audit-recipes.md says what becomes of lines on the way of syslog over TLS and of RELP.',
  situations: COLLECTOR_SITUATIONS,
};
