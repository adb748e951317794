import type { Entry } from '../delivery/entry.ts';
import type { Intake } from './intake.ts';

/**
 * Divides entries into the bodies that an intake takes in one request, in order. An entry alone that is longer than a body
 * may be has a body of its own: the intake decides about it. Pure.
 */
export interface Body {
  readonly entries: readonly Entry[];
  readonly text: string;
}

interface Frame {
  readonly entry: Entry;
  readonly text: string;
  readonly bytes: number;
}

/** The comma between two entries, or the brackets around them. */
const SEPARATOR_BYTES = 2;

export function bodiesOf(entries: readonly Entry[], intake: Intake, nowMs: number): readonly Body[] {
  const { limits } = intake;
  const groups: Frame[][] = [];
  let bytesLeft = 0;
  for (const frame of entries.map((entry) => frameOf(entry, intake, nowMs))) {
    const bytes = frame.bytes + SEPARATOR_BYTES;
    const group = groups.at(-1);
    if (group === undefined || bytes > bytesLeft || group.length >= limits.entries) {
      groups.push([frame]);
      bytesLeft = limits.bodyBytes - bytes;
    } else {
      group.push(frame);
      bytesLeft -= bytes;
    }
  }
  return groups.map((frames) => ({
    entries: frames.map(({ entry }) => entry),
    text: intake.join(frames.map(({ text }) => text)),
  }));
}

function frameOf(entry: Entry, intake: Intake, nowMs: number): Frame {
  const text = intake.frame(entry, nowMs);
  return { entry, text, bytes: utf8Bytes(text) };
}

export function utf8Bytes(text: string): number {
  return new TextEncoder().encode(text).byteLength;
}
