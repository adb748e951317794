import { DONE, IN_DOUBT, NOT_SENT } from './situation.ts';
import type { Chapter, HttpSituation } from './situation.ts';

/** The connection to Galileo fails, at each moment of the exchange. */

const NOTHING = 'Nothing.';
const LOOK = 'Look in Galileo, then [settle it](audit-reference.md#requests-with-an-unknown-outcome).';
const REACH = 'Check DNS, egress and Galileo. Callers repeat.';

const NAMES = {
  reset: 'The connection is reset',
  close: 'The connection is closed',
  half_close: 'The connection is closed on one side',
  silence: 'The connection falls silent',
} as const;

/** The runtime of Workers reports a refused connection and a cut after the send in the same way. */
const DOUBTED = { ...IN_DOUBT, arrives: 0 } as const;

export const GALILEO_SITUATIONS: readonly HttpSituation[] = [
  {
    what: 'Galileo refuses the connection',
    fault: 'refused',
    ending: NOT_SENT,
    workers: DOUBTED,
    toDo: REACH,
  },
  {
    what: 'Galileo closes a connection that was idle',
    fault: 'idle_close',
    ending: DONE,
    toDo: NOTHING,
  },
  ...(['reset', 'close', 'silence'] as const).map((kind): HttpSituation => ({
    what: `${NAMES[kind]} before Galileo has any of the request`,
    fault: { at: 'request', effect: { kind } },
    ending: DOUBTED,
    toDo: LOOK,
  })),
  ...(['reset', 'close', 'half_close', 'silence'] as const).map((kind): HttpSituation => ({
    what: `${NAMES[kind]} when Galileo has half of the request`,
    fault: { at: 'mid_request', effect: { kind } },
    ending: DOUBTED,
    toDo: LOOK,
  })),
  ...(['reset', 'close', 'half_close', 'silence'] as const).map((kind): HttpSituation => ({
    what: `${NAMES[kind]} when Galileo has the request, before its answer`,
    fault: { at: 'sent', effect: { kind } },
    ending: IN_DOUBT,
    toDo: LOOK,
  })),
  ...(['reset', 'close', 'half_close', 'silence'] as const).map((kind): HttpSituation => ({
    what: `${NAMES[kind]} in the middle of Galileo's answer`,
    fault: { at: 'mid_answer', effect: { kind } },
    ending: IN_DOUBT,
    toDo: LOOK,
  })),
  ...(['close', 'half_close', 'silence'] as const).map((kind): HttpSituation => ({
    what: `${NAMES[kind]} behind Galileo's answer`,
    fault: { at: 'answered', effect: { kind } },
    ending: DONE,
    toDo: NOTHING,
  })),
  {
    what: 'The request reaches Galileo late, within `GALILEO_TIMEOUT_MS`',
    fault: { at: 'request', effect: { kind: 'hold' } },
    ending: DONE,
    toDo: NOTHING,
  },
  {
    what: "Galileo's answer comes late, within `GALILEO_TIMEOUT_MS`",
    fault: { at: 'sent', effect: { kind: 'hold' } },
    ending: DONE,
    toDo: NOTHING,
  },
  {
    what: 'The request reaches Galileo in packets of 7 bytes',
    fault: { at: 'request', effect: { kind: 'slice', bytes: 7 } },
    ending: DONE,
    toDo: NOTHING,
  },
  {
    what: "Galileo's answer comes in packets of one byte",
    fault: { at: 'sent', effect: { kind: 'slice', bytes: 1 } },
    ending: DONE,
    toDo: NOTHING,
  },
  {
    what: "Galileo's answer comes at 20 kB/s",
    fault: { at: 'sent', effect: { kind: 'slice', bytes: 20, everyMs: 1 } },
    ending: DONE,
    toDo: NOTHING,
  },
];

export const GALILEO: Chapter = {
  title: 'The connection to Galileo',
  about:
    'Only a complete answer proves what became of an invite. From the first byte of the request on, a lost connection leaves ' +
    'the outcome open, and nothing is sent again. Five failures in a row open the circuit breaker: for 10 s callers get 503 ' +
    '`upstream_unavailable`, and nothing is sent. Tried on Node, with plain connections. On Workers the same code decides about what the ' +
    'runtime reports, and every failed connection leaves the outcome open: `test/workers/http/http-port.test.ts` refuses, cuts and silences ' +
    'connections of workerd itself. The rows are not played there, because the test harness of wrangler makes the connection in Node and ' +
    'gives the Worker a 502 where it fails.',
  situations: GALILEO_SITUATIONS,
};
