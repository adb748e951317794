import type { Logger } from '../../ports/logger.ts';
import type { ConfigProblem } from '../contradictions.ts';

/** Logs the settings that have no effect and do not stop the start, one line each. A value is never part of it. */
export function reportIgnored(ignored: readonly ConfigProblem[], logger: Logger): void {
  for (const { setting, message } of ignored) logger.warn('setting_ignored', { setting, problem: message });
}
