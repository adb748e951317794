/**
 * Which request targets have one reading. A proxy in front of the service may normalise a path before it applies its own
 * rules: resolve dot segments, decode percent-encoded characters, turn `\` into `/`, merge `//` (RFC 3986 §6.2.2). A
 * target that any of this would change is refused. No route needs a percent-encoded character in its path, so none is
 * accepted there, in any number of layers. A query keeps its encoding.
 */

/** Non-empty segments of unencoded characters (`pchar` without pct-encoded, RFC 3986 §3.3). */
const PATH = /^\/(?:[\w.~!$&'()*+,;=:@-]+(?:\/[\w.~!$&'()*+,;=:@-]+)*\/?)?$/;
const DOT_SEGMENT = /\/\.{1,2}(?:\/|$)/;
/** Visible ASCII without `#`: a fragment is never sent (RFC 9112 §3.2). */
const QUERY = /^[!"$-~]*$/;

/** Whether the path of a URL has one reading. */
export function isPlainPath(path: string): boolean {
  return PATH.test(path) && !DOT_SEGMENT.test(path);
}

/** Whether a request target as received is in origin form (RFC 9112 §3.2.1) and has one reading. */
export function isPlainTarget(target: string): boolean {
  const query = target.indexOf('?');
  return query === -1
    ? isPlainPath(target)
    : isPlainPath(target.slice(0, query)) && QUERY.test(target.slice(query + 1));
}
