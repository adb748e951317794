import { describe, expect, it } from 'vitest';
import { embedExamples } from '../../../tools/embed-examples.ts';

const sources = {
  readFile: async (path: string) => {
    if (path !== 'a.ts') throw new Error(`no ${path}`);
    return 'const a = "$1";\n';
  },
  tables: {
    names: [
      ['name', 'what'],
      ['ann', 'a person'],
    ],
  },
};
const FILE = '<!-- file: a.ts -->\n```ts\nold\n```\n';
const TABLE = '<!-- table: names -->\n| old |\n|---|\n';

describe('a page that shows other files', () => {
  it('has whole files and tables as they are now, and the rest as it was written', async () => {
    const page = await embedExamples(`# Title\n${FILE}text\n\`\`\`sh\nls\n\`\`\`\n${TABLE}\nend\n`, sources);
    expect(page).toBe(
      '# Title\n<!-- file: a.ts -->\n```ts\nconst a = "$1";\n```\ntext\n```sh\nls\n```\n' +
        '<!-- table: names -->\n| name | what |\n|---|---|\n| ann | a person |\n\nend\n',
    );
    expect(await embedExamples(page, sources)).toBe(page);
  });

  it.each([
    '<!-- file: a.ts -->\ntext\n',
    '<!-- file: a.ts -->\n\n```ts\n```\n',
    FILE.replace('a.ts', 'b.ts'),
    TABLE.replace('names', 'x'),
  ])('is refused when a marker names nothing: %j', async (page) => {
    await expect(embedExamples(page, sources)).rejects.toThrow(/marker|no b\.ts|no table/);
  });
});
