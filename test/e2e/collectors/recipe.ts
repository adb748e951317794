/** The recipes of docs/audit-recipes.md, as a reader would copy them. */
import { readFileSync } from 'node:fs';

const PAGE = readFileSync(new URL('../../../docs/audit-recipes.md', import.meta.url), 'utf8');
/** Where the recipes read the service's stdout, and where a receiver keeps the lines. */
export const STDOUT_FILE = '/var/log/galileo-invite-proxy/stdout.log';
export const KEPT_FILE = '/var/log/audit/galileo-invite-proxy.ndjson';

/** The configurations of one section, in their order, with what differs on this machine. Each text must occur in one. */
export function recipes(heading: string, replace: Readonly<Record<string, string>>): readonly string[] {
  const [, section] = PAGE.split(`\n## ${heading}\n`);
  const blocks = [...(section?.split('\n## ')[0] ?? '').matchAll(/```\n(.*?)```/gs)].map(([, text = '']) => text);
  for (const text of Object.keys(replace))
    if (!blocks.some((block) => block.includes(text))) throw new Error(`${heading} does not hold ${text}`);
  return blocks.map((block) =>
    Object.entries(replace).reduce((filled, [from, to]) => filled.replaceAll(from, () => to), block),
  );
}

/** A cell of the table of that section. */
export function recipeCell(heading: string, row: string, column: number): string {
  const [, section = ''] = PAGE.split(`\n## ${heading}\n`);
  const cells = section
    .split('\n')
    .find((line) => line.startsWith(`| ${row} |`))
    ?.split(/ \| |^\| | \|$/);
  const cell = cells?.[column]?.match(/^`(.*)`$/)?.[1];
  if (cell === undefined) throw new Error(`${heading} has no row ${row}`);
  return cell;
}
