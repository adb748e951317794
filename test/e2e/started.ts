/** Starts the service as a child process. All its operational lines are scanned for leaks after the test. */
import type { Service, ServiceOptions } from '../../dev/service.ts';
import { startService as start } from '../../dev/service.ts';
import { keepOutputLines } from '../support/audit/operational-lines.ts';

export type { Service } from '../../dev/service.ts';

export function startService(
  env: Readonly<Record<string, string | undefined>>,
  { onLine, ...options }: ServiceOptions = {},
): Promise<Service> {
  const keys = [env.GALILEO_API_KEY, env.GALILEO_API_KEY_NEXT].filter((key) => key !== undefined);
  const keep = keepOutputLines(keys);
  return start(env, {
    ...options,
    onLine(line) {
      keep(line);
      onLine?.(line);
    },
  });
}
