/** What was tried to make an invite cheaper, and left out. A list, so that it need not be measured again. */
export const DROPPED: readonly (readonly [tried: string, found: string])[] = [
  ['a thread of its own for the ledger', 'as much CPU in total, and a second failure domain (decisions/0010)'],
  [
    'commits at least 2 ms apart',
    '700 instead of 890 µs at 1,000/s, but a p50 of 3.1 instead of 1.6 ms at 200/s; a batch waits for turns that bring steps instead',
  ],
  ['statements for several rows, `json_each`, other page sizes, exclusive locking, larger checkpoints', 'no gain'],
  ['keys in a table without rowid', 'no gain'],
  ['a page cache of 16 MiB', 'no gain: two page reads fewer per invite save 2 µs'],
  ['lines of the log written every 20 ms', 'no gain'],
  [
    'requests in the order of records, with an index of owners that is filled in bulk',
    'counted, not built: about 25 of 370 µs, and a ninth row per invite on Workers, where 8 are the limit',
  ],
  ['young generations of 4, 8 and 64 MiB, garbage collection in one thread', 'no gain: 416 to 536 against 391 µs'],
  [
    'young generations of 128 and 256 MiB, no parallel scavenges, a young generation that is marked and swept',
    'no gain: 411 to 497 against 422 µs, while Sets kept what had ended',
  ],
  ['larger limits for inlining in V8', 'no gain: 501 to 508 against 470 µs'],
  ['remembered texts of parts of a record', 'no gain: one call for a whole record costs less than one for each part'],
  ['all members of a record built in the order of RFC 8785', 'no gain: 16.5 µs for two records in both cases'],
  [
    'the members before and behind `hash` written by one call each, and joined',
    'no gain: 8.6 against 8.2 µs a record; the first part is short',
  ],
  ['label sets of metrics bound in advance', 'no gain'],
  ['delivery from memory', 'no gain, and a cursor would not say what the ledger holds'],
  [
    'delivery that does not parse a line which this process wrote',
    'at most 2 % (12 of 587 µs in a profile); every sink would have to know which lines these are',
  ],
  [
    'the schema compared by its version number in each commit',
    'below 1 %; a connection that is opened again would have to be checked in another way',
  ],
];
