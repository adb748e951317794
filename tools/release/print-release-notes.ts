/**
 * `node tools/release/print-release-notes.ts v1.2.3` prints the section of that version in CHANGELOG.md. It exits 1 and
 * names everything that says another version than the tag.
 */
import { releaseNotes } from './release-notes.ts';
import { releaseSources } from './release-sources.ts';

const [tag = ''] = process.argv.slice(2);
const notes = releaseNotes(tag, await releaseSources());
if (notes.kind === 'notes') {
  process.stdout.write(notes.text);
} else {
  for (const problem of notes.problems) process.stderr.write(`${problem}\n`);
  process.exitCode = 1;
}
