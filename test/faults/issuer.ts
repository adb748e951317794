import { DONE, NO_TOKEN_CHECK } from './situation.ts';
import type { Chapter, HttpSituation } from './situation.ts';

/** The connection to an issuer fails while its keys are fetched. */
const toDo =
  'Log: `key_set_fetch_failed`. Nothing, once the issuer can be reached: fetches are tried again by themselves.';

export const ISSUER_SITUATIONS: readonly (HttpSituation & { readonly isWarm?: true })[] = [
  { what: 'The issuer refuses the connection', fault: 'refused', ending: NO_TOKEN_CHECK, toDo },
  {
    what: 'The connection is reset before the issuer has the request for its keys',
    fault: { at: 'request', effect: { kind: 'reset' } },
    ending: NO_TOKEN_CHECK,
    toDo,
  },
  {
    what: 'The issuer has the request for its keys, and does not answer',
    fault: { at: 'sent', effect: { kind: 'silence' } },
    ending: NO_TOKEN_CHECK,
    toDo,
  },
  {
    what: 'The connection is closed in the middle of the keys',
    fault: { at: 'mid_answer', effect: { kind: 'close' } },
    ending: NO_TOKEN_CHECK,
    toDo,
  },
  {
    what: 'The keys come in packets of one byte',
    fault: { at: 'sent', effect: { kind: 'slice', bytes: 1 } },
    ending: DONE,
    toDo: 'Nothing.',
  },
  {
    what: 'The issuer refuses connections after its keys were fetched',
    fault: 'refused',
    isWarm: true,
    ending: DONE,
    toDo: 'Nothing for 70 minutes: keys are used for ten, and for an hour more while fetches fail. Log: `key_set_fetch_failed`.',
  },
];

export const ISSUER: Chapter = {
  title: 'The connection to an issuer',
  about:
    'A token that cannot be checked is refused without a verdict on it, and only tokens of this issuer are. Tried on Node; on Workers the ' +
    'same code decides, behind a cache of key sets.',
  situations: ISSUER_SITUATIONS,
};
