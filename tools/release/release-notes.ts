/**
 * What a release says about itself: the section of its version in CHANGELOG.md, when everything that names the version
 * agrees with the tag. Pure.
 */
export interface ReleaseSources {
  readonly changelog: string;
  /** Where the version stands, by file. */
  readonly versions: Readonly<Record<string, string | undefined>>;
}

export type ReleaseNotes =
  | { readonly kind: 'notes'; readonly version: string; readonly text: string }
  | { readonly kind: 'refused'; readonly problems: readonly string[] };

/** SemVer 2.0.0, without build metadata: no registry keeps two packages apart by it. */
const VERSION = /^(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/;
const HEADING = /^## \[(?<version>[^\]]+)\](?: - (?<date>\S+))?$/;
const UNRELEASED = 'Unreleased';
/** Keep a Changelog 1.1.0. */
const KINDS = ['Added', 'Changed', 'Deprecated', 'Removed', 'Fixed', 'Security'];

interface Section {
  readonly version: string;
  readonly date: string | undefined;
  readonly text: string;
}

/** `tag` is `v` and a version. */
export function releaseNotes(tag: string, { changelog, versions }: ReleaseSources): ReleaseNotes {
  const version = tag.replace(/^v/, '');
  if (!tag.startsWith('v') || !VERSION.test(version))
    return { kind: 'refused', problems: [`${tag} is no tag of a release: it must be v and a version like 1.2.3`] };
  const section = sectionsOf(changelog).find((one) => one.version === version);
  const problems = [
    ...changelogProblems(changelog),
    ...Object.entries(versions)
      .filter(([, found]) => found !== version)
      .map(([file, found]) => `${file} has version ${found ?? '(none)'}, the tag says ${version}`),
  ];
  if (section === undefined) problems.push(`CHANGELOG.md has no section ## [${version}] - YYYY-MM-DD`);
  else if (section.text === '') problems.push(`the section of ${version} in CHANGELOG.md is empty`);
  return section === undefined || problems.length > 0
    ? { kind: 'refused', problems }
    : { kind: 'notes', version, text: `${section.text}\n` };
}

/** Whether the changelog has the form of Keep a Changelog: headings, dates, kinds, the newest version first. */
export function changelogProblems(changelog: string): string[] {
  const sections = sectionsOf(changelog);
  const released = sections.filter(({ version }) => version !== UNRELEASED);
  const unread = changelog.split('\n').filter((line) => line.startsWith('## ') && !HEADING.test(line));
  return [
    ...unread.map((line) => `CHANGELOG.md: ${line} must be ## [1.2.3] - YYYY-MM-DD or ## [${UNRELEASED}]`),
    ...(sections[0]?.version === UNRELEASED ? [] : [`CHANGELOG.md must begin with ## [${UNRELEASED}]`]),
    ...released.flatMap(({ version, date }) => [
      ...(VERSION.test(version) ? [] : [`CHANGELOG.md: ${version} is no version`]),
      ...(isDate(date) ? [] : [`CHANGELOG.md: ${version} needs the day of its release, as YYYY-MM-DD`]),
    ]),
    ...released.flatMap(({ version, date = '' }, index) => {
      const later = released[index - 1];
      return later === undefined || (later.date ?? '') >= date
        ? []
        : [`CHANGELOG.md: ${version} is newer than ${later.version} above it`];
    }),
    ...sections.flatMap(({ version, text }) =>
      [...text.matchAll(/^### (.*)$/gm)]
        .map(([, kind = '']) => kind)
        .filter((kind) => !KINDS.includes(kind))
        .map((kind) => `CHANGELOG.md: ${version} has a section ${kind}; it must be one of ${KINDS.join(', ')}`),
    ),
    ...repeated(sections.map(({ version }) => version)).map((version) => `CHANGELOG.md has ${version} twice`),
  ];
}

function sectionsOf(changelog: string): readonly Section[] {
  const sections: { version: string; date: string | undefined; lines: string[] }[] = [];
  for (const line of changelog.split('\n')) {
    const { version, date } = HEADING.exec(line)?.groups ?? {};
    if (version !== undefined) sections.push({ version, date, lines: [] });
    // The links at the end belong to no section.
    else if (!/^\[[^\]]+\]: \S+$/.test(line)) sections.at(-1)?.lines.push(line);
  }
  return sections.map(({ version, date, lines }) => ({ version, date, text: lines.join('\n').trim() }));
}

function isDate(text: string | undefined): boolean {
  if (text === undefined || !/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}

function repeated(names: readonly string[]): string[] {
  return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
}
