/** What several rows of the table share. */
import { parseObject } from '../../lib/parse-object.ts';
import type { HttpAnswer } from '../delivery/post-batch.ts';
import type { IntakeProbe } from './intake.ts';

export function jsonIn({ text }: HttpAnswer): Readonly<Record<string, unknown>> | null {
  return parseObject(text);
}

export function asArray(frames: readonly string[]): string {
  return `[${frames.join(',')}]`;
}

/** A path without slashes at its end. */
export function pathOf({ pathname }: URL): string {
  return pathname.replace(/\/+$/, '');
}

/** Any answer of the origin shows that it can be reached. Nothing is asked of the path, because it may hold a token. */
export const ORIGIN_ANSWERS: IntakeProbe = {
  address: ({ origin }) => `${origin}/`,
  problem: () => null,
};
