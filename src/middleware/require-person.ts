/**
 * Lets only people through: a route behind it puts on record that a person decided. It runs after authenticate. A token
 * of an app is refused, and so is one whose kind is unclear, because what is unclear grants nothing.
 */
import type { Step } from './in-order.ts';
import { respondProblem } from './answers/problem-response.ts';

export const requirePerson: Step = (c) => {
  const { kind, hasUnreadableKind } = c.get('principal');
  const isPerson = kind === 'user' && hasUnreadableKind !== true;
  return isPerson ? undefined : respondProblem(c, 'person_required');
};
