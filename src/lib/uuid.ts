/** A UUID of any version in the dashed form (RFC 9562 §4). Lower case only, as this service writes its ids. */
export const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * A UUID of version 4 as ids of traces and spans (W3C Trace Context, level 2): the bits of its version make it not all
 * zero, and its last seven bytes are random.
 */
export function traceIdOf(uuid4: string): string {
  return uuid4.replaceAll('-', '');
}

/** The second half, in which the bits of the variant are not zero. */
export function spanIdOf(uuid4: string): string {
  return traceIdOf(uuid4).slice(16);
}

/** A UUID of version 4 in the dashed form, in any case, as people write the ids of Galileo's groups. */
export const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;
