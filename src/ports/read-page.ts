/**
 * Reads one of the files behind the pages for people: of the folder pages/ by its path in there, `docs/page.html`, or
 * of the console as it was built, `console/page.html`.
 * The bytes are those of the build, the same on every platform. Rejects when there is no such file.
 */
export type ReadPage = (file: string) => Promise<Uint8Array>;
