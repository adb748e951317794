import { posix } from 'node:path';
import type { Rule, Violation } from './rule.ts';
import type { FileMap } from './source-tree.ts';

/**
 * The rules for pages (`*.md`): a link from one page to another leads to a page that is there, and to a heading on it, and a
 * test that a page names is there. Links to other files and to other sites are not judged.
 */
export const PAGE_RULES: readonly Rule[] = [
  {
    promise: 'leads each link between pages to a page and a heading that are there',
    check: (files) =>
      [...files].filter(([file]) => file.endsWith('.md')).flatMap(([file, text]) => deadLinks(file, text, files)),
  },
  {
    promise: 'names only tests on its pages that are there: commands run them by these paths',
    check: (files) =>
      [...files]
        .filter(([file]) => file.endsWith('.md') && file !== 'CHANGELOG.md')
        .flatMap(([file, text]) => missingTests(file, text, files)),
  },
];

/** A path may end within a name, as in a command for all tests that begin so. */
function missingTests(file: string, text: string, files: FileMap): Violation[] {
  const paths = new Set(text.match(/(?<![\w./-])test\/[\w./-]*\w/g));
  return [...paths]
    .filter((path) => ![...files.keys()].some((known) => known.startsWith(path)))
    .map((path) => ({ file, problem: `${path} is not there` }));
}

function deadLinks(file: string, text: string, files: FileMap): Violation[] {
  return [...withoutBlocks(text).matchAll(/\]\((?<path>[^)\s#:]*)(?:#(?<anchor>[^)\s]+))?\)/g)].flatMap(
    ({ groups: { path = '', anchor = '' } = {} }): Violation[] => {
      const target = path === '' ? file : posix.join(posix.dirname(file), path);
      if (!target.endsWith('.md')) return [];
      const page = files.get(target);
      if (page === undefined) return [{ file, problem: `${target} is not there` }];
      const isThere = anchor === '' || anchorsOf(page).includes(anchor);
      return isThere ? [] : [{ file, problem: `${target} has no heading #${anchor}` }];
    },
  );
}

/** As GitHub and GitLab make them of headings. */
function anchorsOf(page: string): readonly string[] {
  return [...withoutBlocks(page).matchAll(/^#{1,6} (?<heading>.+)$/gm)].map(({ groups: { heading = '' } = {} }) =>
    heading
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function withoutBlocks(page: string): string {
  return page.replaceAll(/^```.*?^```/gms, '');
}
