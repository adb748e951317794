import { expect } from 'vitest';
import type { Running } from '../running.ts';
import type { TimeOfEnd } from './stopping-child.ts';

/** Invites that are under way while a service stops. */
export const IN_FLIGHT = 50;

/** Starts them. Resolves when all have reached Galileo, where they wait for `after`. */
export async function inFlight(
  service: Running,
  after: Promise<unknown>,
  signal?: AbortSignal,
): Promise<Promise<Response>[]> {
  const token = await service.token();
  const emails = Array.from({ length: IN_FLIGHT }, (_, n) => `p${String(n)}@acme.com`);
  for (const email of emails)
    service.standIns.galileo.script({ kind: 'answer', status: 200, body: { invited: 1 }, after }, email);
  const answers = emails.map((email) => service.invite(email, token, signal));
  // A test may expect a rejection later. Until then it is not unhandled.
  for (const answer of answers) answer.catch(() => undefined);
  await service.standIns.galileo.arrived(IN_FLIGHT);
  expect(service.standIns.galileo.received).toHaveLength(IN_FLIGHT);
  return answers;
}

/** Resolves with the exit code. */
export async function stop(service: Running, signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
  service.child.kill(signal);
  return await service.exited;
}

/** Lets a time come in a service that `endsAsTold`, once its end has begun. */
export async function letCome(service: Running, time: TimeOfEnd): Promise<void> {
  await service.line(({ event }) => event === 'shutdown_begun');
  service.child.send(time);
}
