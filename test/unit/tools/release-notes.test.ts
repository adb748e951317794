import { describe, expect, it } from 'vitest';
import { changelogProblems, releaseNotes } from '../../../tools/release/release-notes.ts';
import { releaseSources } from '../../../tools/release/release-sources.ts';

const CHANGELOG = `# Changelog

## [Unreleased]

## [1.1.0] - 2027-02-03

### Added

- A thing.

### Fixed

- Another.

## [1.0.0] - 2027-01-31

### Added

- The first.

[1.1.0]: https://git.example.com/compare/v1.0.0...v1.1.0
`;
const versions = { 'package.json': '1.1.0', 'client/package.json': '1.1.0', Dockerfile: '1.1.0' };

describe('the notes of a release', () => {
  it('are the section of its version, and nothing of the others', () => {
    expect(releaseNotes('v1.1.0', { changelog: CHANGELOG, versions })).toEqual({
      kind: 'notes',
      version: '1.1.0',
      text: '### Added\n\n- A thing.\n\n### Fixed\n\n- Another.\n',
    });
  });

  it('are refused when the tag and a file disagree, each by name', () => {
    const other = { ...versions, 'client/package.json': '1.0.9', Dockerfile: undefined };
    expect(releaseNotes('v1.1.0', { changelog: CHANGELOG, versions: other })).toEqual({
      kind: 'refused',
      problems: [
        'client/package.json has version 1.0.9, the tag says 1.1.0',
        'Dockerfile has version (none), the tag says 1.1.0',
      ],
    });
  });

  it('are refused without a section, or with an empty one', () => {
    const sources = { changelog: CHANGELOG, versions: {} };
    expect(releaseNotes('v1.2.0', sources)).toMatchObject({
      problems: ['CHANGELOG.md has no section ## [1.2.0] - YYYY-MM-DD'],
    });
    const changelog = CHANGELOG.replace('## [1.1.0]', '## [1.2.0] - 2027-02-04\n\n## [1.1.0]');
    expect(releaseNotes('v1.2.0', { ...sources, changelog })).toMatchObject({
      problems: ['the section of 1.2.0 in CHANGELOG.md is empty'],
    });
  });

  it.each(['1.1.0', 'v1.1', 'v01.1.0', 'v1.1.0+build', 'vUnreleased', '', 'v1.1.0\n'])(
    'are refused for the tag %j',
    (tag) => {
      expect(releaseNotes(tag, { changelog: CHANGELOG, versions }).kind).toBe('refused');
    },
  );

  it('may be of a version before the release proper', () => {
    const changelog = CHANGELOG.replace('## [1.1.0] -', '## [1.1.0-rc.1] -');
    expect(releaseNotes('v1.1.0-rc.1', { changelog, versions: {} }).kind).toBe('notes');
  });
});

describe('the changelog', () => {
  it.each([
    [
      '## [1.1.0] - 2027-02-03',
      '## 1.1.0 — unreleased',
      'CHANGELOG.md: ## 1.1.0 — unreleased must be ## [1.2.3] - YYYY-MM-DD or ## [Unreleased]',
    ],
    ['## [Unreleased]\n', '', 'CHANGELOG.md must begin with ## [Unreleased]'],
    ['2027-02-03', '2027-02-30', 'CHANGELOG.md: 1.1.0 needs the day of its release, as YYYY-MM-DD'],
    ['2027-02-03', '2027-01-03', 'CHANGELOG.md: 1.0.0 is newer than 1.1.0 above it'],
    [
      '### Fixed',
      '### Repaired',
      'CHANGELOG.md: 1.1.0 has a section Repaired; it must be one of Added, Changed, Deprecated, Removed, Fixed, Security',
    ],
    ['[1.0.0] -', '[1.1.0] -', 'CHANGELOG.md has 1.1.0 twice'],
  ])('is refused with %j as %j', (from, to, problem) => {
    expect(changelogProblems(CHANGELOG.replace(from, to))).toEqual([problem]);
  });

  it('of this project has the form of Keep a Changelog, and every file names the same version', async () => {
    const { changelog, versions: found } = await releaseSources();
    expect(changelogProblems(changelog)).toEqual([]);
    expect(new Set(Object.values(found)).size).toBe(1);
    expect(found).not.toHaveProperty('package.json', undefined);
  });
});
