/** SIGUSR1, which makes Node open a debugger that can read every secret of the process. */
import { describe, expect, it } from 'vitest';
import { startRunning } from './running.ts';

describe('a service that gets SIGUSR1', () => {
  it('opens no inspector, continues to serve, and stops as always', async () => {
    const service = await startRunning();
    service.child.kill('SIGUSR1');
    const token = await service.token();
    expect((await service.invite('ann@acme.com', token)).status).toBe(200);
    service.child.kill('SIGTERM');
    expect(await service.exited).toBe(0);
    // Node reports an open inspector on stderr.
    expect(service.stderr()).toBe('');
  });
});
