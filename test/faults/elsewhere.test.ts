import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { DATABASE, HOST } from './elsewhere.ts';

/** Rows that another test tries: a test that was renamed or removed takes its row along. */
describe.each([DATABASE, HOST])('$title', ({ situations }) => {
  it.each(situations)('“$what” names a test that is there', async ({ shownBy: { file, test } }) => {
    const text = await readFile(new URL(`../../${file}`, import.meta.url), 'utf8');
    const names = [...text.matchAll(/\bit(?:\.\w+\([^)]*\))?\(\s*(['`])(.*?)\1/gs)].map(([, , name]) =>
      (name ?? '').replace(/\$\{skipped\}$/, ''),
    );
    expect(names).toContain(test);
  });
});
