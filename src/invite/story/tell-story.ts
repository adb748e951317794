/**
 * Tells what became of one request, from its records and from the replays that point to it: ordered events, each with a
 * sentence for people. Pure. Every kind of record has its events, so a new kind does not compile without them. A line
 * that is damaged, or about another request, is an event of its own and hides nothing else.
 */
import type { RequestRecord } from '../../audit/record.ts';
import { actorWords, askedWords, forcedWords, policyWords } from './asked.ts';
import {
  admittedWords,
  attemptWords,
  deniedWords,
  endingWords,
  evidenceWords,
  previewedWords,
  replayedWords,
  settledWords,
} from './ended.ts';
import { readStoryRecord } from './readable-record.ts';
import type { StoryEvent, StoryEventName, StoryLine, StoryReader } from './story-event.ts';

type StoryPart = readonly [StoryEventName, string | null];

/** `lines`: all that is on record about the request, in any order. */
export function tellStory(requestId: string, lines: readonly StoryLine[], reader: StoryReader): StoryEvent[] {
  return lines
    .toSorted((a, b) => a.seq - b.seq)
    .flatMap(({ seq, line }) => {
      const record = readStoryRecord(line);
      if (record === null || record.seq !== seq || !isAbout(record, requestId)) return [unreadable(seq, reader)];
      return eventsOf(record, requestId, reader).flatMap(([event, message]) =>
        message === null ? [] : [{ seq, at: record.time, event, message }],
      );
    });
}

/** A replay is about two requests: its own, and the one whose answer it repeats. */
function isAbout({ kind, request_id: id, outcome }: RequestRecord, requestId: string): boolean {
  return id === requestId || (kind === 'replay' && outcome.first_request_id === requestId);
}

function unreadable(seq: number, { sees }: StoryReader): StoryEvent {
  const remedy = sees === 'everything' ? ' audit verify says which.' : '';
  return {
    seq,
    at: null,
    event: 'unreadable',
    message: `Record ${seq} belongs to this request and cannot be read: it is damaged, missing or of a later release.${remedy}`,
  };
}

function eventsOf(record: RequestRecord, requestId: string, reader: StoryReader): readonly StoryPart[] {
  const { kind, outcome } = record;
  const asked: readonly StoryPart[] = [
    ['asked', askedWords(record, reader)],
    ['policy_decided', policyWords(record, reader)],
    ['values_forced', forcedWords(record)],
  ];
  switch (kind) {
    case 'intent':
      return [...asked, ['admitted', admittedWords(outcome)]];
    case 'denial':
      return [...asked, ['denied', deniedWords(record)]];
    case 'dry_run':
      return [...asked, ['previewed', previewedWords(outcome)]];
    case 'outcome':
      return [...attempts(record, reader), ...ending(record)];
    case 'reconciliation': {
      const { evidence } = outcome;
      return [
        ['users_looked_up', evidence === undefined ? null : evidenceWords(evidence, reader)],
        ['settled', settledWords(outcome, reader)],
      ];
    }
    case 'replay':
      return [['replayed', replayedWords(record, requestId, actorWords(record.actor))]];
    default:
      return kind satisfies never;
  }
}

function attempts({ outcome: { attempts: made = [] } }: RequestRecord, { sees }: StoryReader): readonly StoryPart[] {
  return sees === 'everything' ? made.map((attempt) => ['galileo_asked', attemptWords(attempt)] as const) : [];
}

function ending({ outcome }: RequestRecord): readonly StoryPart[] {
  const ended = endingWords(outcome);
  return ended === null ? [] : [[ended.event, ended.message]];
}
