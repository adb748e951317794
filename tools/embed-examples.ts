/**
 * Puts into a page what it shows of other files: whole files of examples/, after `<!-- file: PATH -->`, and tables, after
 * `<!-- table: NAME -->`. Pure. Everything else on the page is written by hand. Throws when a marker names nothing, so
 * that no page keeps an old copy.
 */
export interface EmbedSources {
  readonly readFile: (path: string) => Promise<string>;
  /** Rows of cells; the first one is the heading. */
  readonly tables: Readonly<Record<string, readonly (readonly string[])[]>>;
}

const FILE = /(?<marker><!-- file: (?<path>\S+) -->\n```\w+\n)[^]*?^```$/gm;
const TABLE = /(?<marker><!-- table: (?<name>\S+) -->\n)(?:\|.*\n)*/g;

export async function embedExamples(page: string, { readFile, tables }: EmbedSources): Promise<string> {
  const files = new Map<string, string>();
  for (const { groups } of page.matchAll(FILE)) files.set(groups?.path ?? '', await readFile(groups?.path ?? ''));
  const markers = page.match(/<!-- (?:file|table): /g)?.length ?? 0;
  const embedded = [...page.matchAll(FILE), ...page.matchAll(TABLE)].length;
  if (markers !== embedded) throw new Error('a marker is not followed by what it names');
  return page
    .replaceAll(FILE, (_all, marker: string, path: string) => `${marker}${files.get(path) ?? ''}\`\`\``)
    .replaceAll(TABLE, (_all, marker: string, name: string) => {
      const rows = tables[name];
      if (rows === undefined) throw new Error(`there is no table ${name}`);
      return marker + tableText(rows);
    });
}

function tableText([heading = [], ...rows]: readonly (readonly string[])[]): string {
  const lines = [heading, heading.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |\n`);
  return lines.join('').replace(/^\| --- .*$/m, `|${'---|'.repeat(heading.length)}`);
}
