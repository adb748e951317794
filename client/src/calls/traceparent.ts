/** The trace context of a call (W3C Trace Context). A call never fails because of it: an unfit one is left out. */

/** A `traceparent`, or what gives the one of this moment. */
export type Traceparent = string | (() => string | undefined);

const FORM = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** The header field; none where there is no fit one. */
export function traceFields(given: Traceparent | undefined): Readonly<Record<string, string>> {
  try {
    const text: unknown = typeof given === 'function' ? given() : given;
    return typeof text === 'string' && FORM.test(text) ? { traceparent: text } : {};
  } catch {
    return {};
  }
}

/** Null when these fields have no `traceparent`. */
export function traceIdIn({ traceparent }: Readonly<Record<string, string>>): string | null {
  return traceparent?.split('-')[1] ?? null;
}
