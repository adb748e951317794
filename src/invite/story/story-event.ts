/** What a story consists of, and for whom it is. Types only. */
import type { STORY_EVENTS } from '../../audit/story-events.ts';

export type StoryEventName = (typeof STORY_EVENTS)[number];

export interface StoryEvent {
  /** Of the record that it is from. */
  readonly seq: number;
  /** The `time` of that record, RFC 3339 in UTC; null when the record is damaged. */
  readonly at: string | null;
  readonly event: StoryEventName;
  /** One or more sentences for people. */
  readonly message: string;
}

export interface StoryReader {
  /** `request`: what the owner of a request may see, without source, attempts and keys. */
  readonly sees: 'everything' | 'request';
  /** How many addresses one sentence names; it counts the others. */
  readonly addresses: number;
}

export interface StoryLine {
  readonly seq: number;
  /** As it is stored, or as it was delivered. */
  readonly line: string;
}
