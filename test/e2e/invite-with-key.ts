import { expect } from 'vitest';
import type { Running } from './running.ts';

/** `by`: the service whose stand-ins give the token; services that follow one another use the same ones. */
export async function inviteWithKey(service: Running, email: string, key: string, by = service): Promise<Response> {
  return await fetch(`http://127.0.0.1:${String(service.port)}/v2/invite_users`, {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${await by.token()}`,
      'Content-Type': 'application/json',
      'Idempotency-Key': key,
    },
    body: JSON.stringify({ emails: [email], auth_method: 'okta' }),
  });
}

/** SIGTERM, and everything is as it should be. */
export async function stopCleanly(service: Running): Promise<void> {
  service.child.kill('SIGTERM');
  expect(await service.exited).toBe(0);
}
