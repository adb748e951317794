/**
 * Finds rows (rules, forced values) by the addresses that they target, without reading the other rows.
 * A selector is an entry of a row's target: a set ("$acme"), a pattern or an address. Sets are indexed once and rows by
 * set name, so the index grows only with the file, however many rows share a large set.
 */
import { coveringPatterns } from './domain-pattern.ts';

export interface Targeted {
  /** Position in the file. On a tie the first row wins. */
  readonly order: number;
  readonly domains: ReadonlySet<string>;
  /** In lower case. */
  readonly emails: ReadonlySet<string>;
}

export interface TargetTable<Row extends Targeted> {
  readonly rows: readonly Row[];
  readonly bySelector: ReadonlyMap<string, readonly Row[]>;
  /** Rows without a target: they apply to every address. */
  readonly open: readonly Row[];
}

/** From a pattern to the sets ("$name") that contain it. */
export type SetIndex = ReadonlyMap<string, readonly string[]>;

export function indexRows<Row extends Targeted>(rows: readonly Row[]): TargetTable<Row> {
  const bySelector = new Map<string, Row[]>();
  for (const row of rows) {
    for (const selector of [...row.domains, ...row.emails]) push(bySelector, selector, row);
  }
  return { rows, bySelector, open: rows.filter(isOpen) };
}

export function indexSets(sets: Iterable<readonly [string, readonly string[]]>): SetIndex {
  const index = new Map<string, readonly string[]>();
  for (const [name, patterns] of sets) {
    // Nearly every pattern is in one set only. All such patterns of this set share this list.
    const own = [`$${name}`];
    for (const pattern of patterns) {
      const others = index.get(pattern);
      if (others === undefined) index.set(pattern, own);
      else if (others.at(-1) !== own[0]) index.set(pattern, [...others, ...own]);
    }
  }
  return index;
}

/** Every selector that covers this whole pattern. Expects lower case. */
export function selectorsOf(sets: SetIndex, pattern: string): string[] {
  return coveringPatterns(pattern).flatMap((covering) => [covering, ...(sets.get(covering) ?? [])]);
}

/** The rows without a target and those with one of the selectors, each once, in file order. */
export function rowsAimedAt<Row extends Targeted>(
  tables: readonly TargetTable<Row>[],
  selectors: readonly string[],
): Row[] {
  const found = new Set<Row>();
  for (const table of tables) {
    for (const row of table.open) found.add(row);
    for (const selector of selectors) {
      for (const row of table.bySelector.get(selector) ?? []) found.add(row);
    }
  }
  return found.size < 2 ? [...found] : [...found].toSorted((a, b) => a.order - b.order);
}

/** The target keys of this row that contain one of the selectors. */
export function targetKeys(row: Targeted, selectors: readonly string[]): ('domains' | 'emails')[] {
  const keys = ['domains', 'emails'] as const;
  return keys.filter((key) => selectors.some((selector) => row[key].has(selector)));
}

function isOpen(row: Targeted): boolean {
  return row.domains.size === 0 && row.emails.size === 0;
}

/** Appends to the list of a key, and creates the list if there is none. */
export function push<Key, Value>(lists: Map<Key, Value[]>, key: Key, value: Value): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
