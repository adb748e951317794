import { hanging } from '../command-line/wrap.ts';
import type { CliDeps, Paint } from '../deps.ts';
import type { CheckResult, CheckStatus } from './check.ts';

/** Renders the results of doctor as text or as one JSON document. Pure; the results are already redacted. */
const COLOURS = { ok: 'green', warning: 'yellow', failed: 'red', skipped: 'dim' } as const satisfies Record<
  CheckStatus,
  Parameters<Paint>[0]
>;
const STATUSES: readonly CheckStatus[] = ['ok', 'warning', 'failed', 'skipped'];
const STATUS_WIDTH = 7;

export function renderScreen(
  results: readonly CheckResult[],
  { paint, terminal }: Pick<CliDeps, 'paint' | 'terminal'>,
): string {
  const width = terminal.width();
  const titles = Math.max(...results.map(({ title }) => title.length));
  const indent = ' '.repeat(STATUS_WIDTH + 4);
  const marked = (mark: string, text: string): string => hanging(`${indent}${mark} `, text, width, indent.length + 2);
  const blocks = results.map(({ status, title, message, remedy, lines = [] }) => {
    const head = `  ${paint(COLOURS[status], status.padEnd(STATUS_WIDTH))}  ${title.padEnd(titles)}  `;
    return [
      hanging(head, message, width, STATUS_WIDTH + titles + 6),
      ...lines.map((line) => marked(paint('dim', '·'), line)),
      remedy === null ? '' : marked(paint('bold', '→'), remedy),
    ].join('');
  });
  return `${blocks.join('')}\n  ${STATUSES.map((status) => `${count(results, status)} ${status}`).join(' · ')}\n`;
}

/** The JSON document. */
export function toDocument(results: readonly CheckResult[], version: string) {
  const checks = results.map(({ id, title, status, message, remedy, lines, details }) => ({
    id,
    title,
    status,
    message,
    remedy,
    lines: lines ?? [],
    details: details ?? {},
  }));
  return { version, status: overall(results), checks };
}

/** The worst status of all; a skipped check is not a problem. */
export function overall(results: readonly CheckResult[]): 'ok' | 'warning' | 'failed' {
  if (count(results, 'failed') > 0) return 'failed';
  return count(results, 'warning') > 0 ? 'warning' : 'ok';
}

function count(results: readonly CheckResult[], status: CheckStatus): number {
  return results.filter((result) => result.status === status).length;
}
