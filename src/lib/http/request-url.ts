/**
 * Parts of the absolute URL of a request, as the platform passes it on: without a parser, which costs more than what is
 * asked of it here.
 */

/** From the slash after the authority to the query, as it came. Dot segments stay, so a check of the path sees them. */
export function pathOf(url: string): string {
  const from = url.indexOf('/', url.indexOf('//') + 2);
  if (from === -1) return '/';
  const to = url.slice(from).search(/[?#]/);
  return to === -1 ? url.slice(from) : url.slice(from, from + to);
}

export function searchParams(url: string): URLSearchParams {
  return url.includes('?') ? new URL(url).searchParams : new URLSearchParams();
}
